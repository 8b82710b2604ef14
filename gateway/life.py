"""The life of a call: read this page first.

Down a list the call is admitted, up the list each event of the reply is inspected, and when it has ended each stage
whose `admit` began settles, in reverse. Route stands at the end of CALL and runs ATTEMPT once for each billable send.
A stage raises a Refusal (we said no) or a Failure (something broke); either ends the call, and both are settled.
"""

from .stages.authenticate import Authenticate
from .stages.budget import Budget
from .stages.cache import Cache
from .stages.count import Count
from .stages.firewall import Firewall
from .stages.guard import Guard
from .stages.identify import Identify
from .stages.intend import Intend
from .stages.read import Read
from .stages.recall import Recall
from .stages.record import Record
from .stages.route import Route
from .stages.send import Send
from .stages.throttle import Throttle

CALL = (
    Record,  # one record whatever happens
    Authenticate,  # key or run key -> tenant, profile; headers only
    Read,  # bounded, strict parse; a known model
    Identify,  # session, run, deadline; refuses an ended run; takes nothing
    Recall,  # Idempotency-Key: a kept reply answers; takes nothing
    Throttle,  # requests and tokens a minute, concurrency
    Firewall,  # tools offered, called, answered: allow-list, schema, loops
    Guard,  # what must not leave: PII, secrets; and back again
    Count,  # takes the step in the run and all its ancestors
    Cache,  # answers without spending, if the profile asks for it
    Route,  # loops over attempts: targets, breaker, retry, fallback, stored answer
)

ATTEMPT = (
    Budget,  # holds over all scopes; clamps; meters each event; settles
    Intend,  # the intent with its hold, durable before the upstream sees a byte
    Send,  # -> upstream
)

AGAIN_FROM = Guard  # where a call that asks again begins anew
AGAIN_WITHOUT = (Count, Cache)  # the step was taken, and another answer is wanted
