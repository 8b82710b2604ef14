"""A scripted model provider for tests, drills and benchmarks: `python -m agents.scripted --script play.yaml`."""

from .bill import Bill as Bill
from .script import Fault as Fault
from .script import Latency as Latency
from .script import Price as Price
from .script import Reply as Reply
from .script import Rule as Rule
from .script import Script as Script
from .script import ToolCall as ToolCall
from .script import load as load
from .server import ScriptedServer as ScriptedServer
