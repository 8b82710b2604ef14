"""The seven patterns: each one file, one async generator, to be read at one sitting."""

from .escalate import Escalate as Escalate
from .hierarchy import Hierarchy as Hierarchy
from .plan import PlanExecute as PlanExecute
from .react import ReAct as ReAct
from .reflect import Reflect as Reflect
from .single import SinglePass as SinglePass
from .swarm import Swarm as Swarm
