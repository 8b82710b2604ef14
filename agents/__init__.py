"""Agent patterns as clients of the gateway over HTTP. Imports nothing else of ours."""

from .agent import Agent as Agent
from .agent import approve as approve
from .agent import cancel as cancel
from .agent import resume as resume
from .budget import Budget as Budget
from .endings import Refused as Refused
from .event import Event as Event
from .event import Note as Note
from .gateway import Gateway as Gateway
from .log import Log as Log
from .patterns import ReAct as ReAct
from .result import Result as Result
from .result import RunFailed as RunFailed
from .result import Waiting as Waiting
from .tool import Tool as Tool
from .tool import tool as tool
