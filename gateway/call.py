"""The nouns of a call's life: Call, Attempt, Reply, Event and the parts they are made of; Request is in `request`.

A dialect makes Requests and Events out of a vendor's JSON; stages read and change them only through these. Events are
changed in place: each is seen once, in order, by one stage after another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from limits.prices import Usage

from .errors import Ending
from .request import Path as Path
from .request import Request as Request
from .request import Text as Text
from .request import ToolCall as ToolCall
from .request import ToolDefinition as ToolDefinition
from .request import ToolResult as ToolResult

if TYPE_CHECKING:
    from .dialects.seam import Dialect


class Part:
    """A piece of text in an event: reading and setting `text` reads and changes the vendor's tree.

    `kind` is text, refusal, reasoning (opaque: never altered), arguments or result (of a tool); `lane` names the stream
    it belongs to: the parts of one lane, in order, are one text. `call_id` and `name` are set on the arguments of a
    tool call when known, `clear` are whole arguments with every value restored, for the gateway's own checks: they
    never leave.
    `also` are further places where the same text stands. Log probabilities spell the text out again: setting it drops
    them. `repeats` says that the part is all of its lane once more (it is no new piece), `alone` that without its text
    the event would say nothing.
    """

    __slots__ = (
        *("also", "alone", "call_id", "choice", "clear", "holder", "kind", "lane", "logprobs", "member", "name"),
        "repeats",
    )

    def __init__(self, kind: str, choice: int, lane: str, holder: Any, member: str | int) -> None:
        self.kind = kind
        self.choice = choice
        self.lane = lane
        self.holder = holder
        self.member = member
        self.also: tuple[tuple[dict[str, Any], str], ...] = ()
        self.logprobs: dict[str, Any] | None = None
        self.call_id: str | None = None
        self.name: str | None = None
        self.clear: str | None = None
        self.repeats = False
        self.alone = False

    @property
    def text(self) -> str:
        """The text as it stands."""
        return self.holder[self.member]  # type: ignore[no-any-return]

    @text.setter
    def text(self, value: str) -> None:
        self.holder[self.member] = value
        for holder, member in self.also:
            holder[member] = value
        if self.logprobs is not None:
            self.logprobs["logprobs"] = [] if type(self.logprobs["logprobs"]) is list else None


class Event:
    """One event of a reply; a plain reply is a stream of one. `tree` is the vendor's JSON, None for a bare marker.

    `ends` are the choices that this event finishes, `terminal` events are held until the outcome is durable, `whole`
    says that its parts are complete texts (a plain reply), `silent` ones are for the stages only (a usage report that
    the client did not ask for), `tier` is the service tier that the upstream says it served the call at, which decides
    its price. `closes` are lanes that end with this event, before their choice does. `behind` says that it belongs to a
    tool call, or comes after one in an order that clients rely on: it waits as the call waits. `notes` are the
    dialect's own, of the reply that the event is part of. `number` is its place among the events that the client gets.
    `mints` is the id of an object that the provider keeps of this reply.
    """

    __slots__ = (
        *("behind", "closes", "ends", "finish", "mints", "notes", "number", "parts", "silent", "terminal", "tier"),
        *("tree", "usage", "whole"),
    )

    def __init__(
        self,
        tree: dict[str, Any] | None,
        parts: list[Part],
        *,
        ends: tuple[int, ...] = (),
        finish: str | None = None,
        usage: Usage | None = None,
        terminal: bool = False,
        whole: bool = False,
        silent: bool = False,
        tier: str | None = None,
        closes: tuple[str, ...] = (),
        behind: bool = False,
        notes: Any = None,
    ) -> None:
        self.tree = tree
        self.parts = parts
        self.ends = ends
        self.finish = finish
        self.usage = usage
        self.terminal = terminal
        self.whole = whole
        self.silent = silent
        self.tier = tier
        self.closes = closes
        self.behind = behind
        self.notes = notes
        self.number = 0
        self.mints: str | None = None


class Reply(Struct, eq=False):
    """What answers a call: `batch` are events that are there already, `read` gives the next ones or raises an Ending.

    `read` returns None at the end, and is None where nothing follows.
    `degraded` labels an answer that is not the one asked for (`stored`, `fallback:MODEL`), `cached` one that was free.
    """

    read: Callable[[], Awaitable[list[Event] | None]] | None = None
    batch: list[Event] | None = None
    degraded: str | None = None
    cached: bool = False


def reply_of(events: list[Event], *, degraded: str | None = None, cached: bool = False) -> Reply:
    """Make a reply of events that are already there."""
    return Reply(batch=events, degraded=degraded, cached=cached)


class Caller(Protocol):
    """The client's side of a call, as stages see it: they read the body once and never write."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, names in lower case."""
        ...

    def body_now(self, *, bytes_max: int) -> bytes | None:
        """Return the whole body if it is here already, None if it must be waited for; refuse one that is too large."""
        ...

    async def body(self, *, bytes_max: int, read_s_max: float) -> bytes:
        """Return the whole body, or refuse one that is too large or too slow."""
        ...


class Call(Struct, eq=False):
    """One client request. The comment beside a group says which stage fills it."""

    id: str
    dialect: "Dialect"
    path: str
    caller: Caller
    started_ns: int
    started_us: int
    path_run_id: str | None = None
    unsupported: str = ""
    # Authenticate
    key: Any = None
    tenant: Any = None
    profile: Any = None
    # Read: what the client sent; Guard: what leaves
    body_bytes: int = 0
    clear: Request | None = None
    request: Request | None = None
    model: Any = None
    # Guard: what a reply is read through before stages inspect it, where others must be waited for
    look: Callable[[Reply], Reply] | None = None
    # Identify
    run: Any = None
    run_found_by: str = "own"
    session: str | None = None
    deadline_s: float = 0.0
    phase: str | None = None
    step: int = 0  # Count: its number within the run
    pinned: str | None = None
    # for the book: what each stage decided; ledger entries and state changes that travel in the next record
    decisions: list[dict[str, Any]] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)
    statements: list[Any] = field(default_factory=list)
    findings: dict[str, int] = field(default_factory=dict)
    # Route
    attempts: "list[Attempt]" = field(default_factory=list)
    degraded: str | None = None
    # the pipeline: itself, how many of its stages began, what answers, how it ended
    pipeline: Any = None
    begun: int = 0
    reply: Reply | None = None
    finish: str | None = None
    ending: Ending | None = None
    left: bool = False
    released: bool = False
    asked_again: bool = False
    # the exchange's task, None while something settles
    task: asyncio.Task[None] | None = None
    cut_by: Ending | None = None
    # what stages keep for themselves, by their names; headers for the reply
    kept: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    # a tool is called, not a model; then `model` is a tool
    is_for_tool: bool = False

    def __post_init__(self) -> None:
        self.is_for_tool = self.dialect.name.startswith("tool_")

    def forbids_tool(self, tool: str) -> str:
        """Return whose list does not name a tool: of the tenant, key, profile, run or its plan; "" if it is allowed."""
        forbids: str = self.key.forbids_tool(tool)
        if not forbids and not self.profile.allows_tool(tool):
            forbids = f"profile {self.profile.name}"
        return forbids or ("" if self.run is None else self.run.forbids_tool(tool))

    @property
    def is_for_object(self) -> bool:
        """Whether what the provider keeps is asked for, not an answer."""
        return self.dialect.name == "openai_objects"

    def cut(self, ending: Ending) -> None:
        """End the exchange from outside (deadline, a client that left, a killed run); settling is never cut."""
        if self.cut_by is None:
            self.cut_by = ending
            if self.task is not None:
                self.task.cancel()

    def attempt(self, target: Any) -> Awaitable[Reply]:
        """Make one attempt at a target; for Route."""
        made: Awaitable[Reply] = self.pipeline.attempt(self, target)
        return made

    def decide(self, stage: str, decision: str, **why: int | str) -> None:
        """Note for the record what a stage decided, by which rule, with limit and actual figure."""
        self.decisions.append({"stage": stage, "decision": decision, **why})


class Attempt(Struct, eq=False):
    """One billable send to an upstream."""

    call: Call
    target: Any
    number: int
    request: Request
    id: str
    # Budget
    hold: Any = None
    clamped: bool = False
    output: list[str] = field(default_factory=list)
    # Send
    sent: bool = False
    status: int | None = None
    usage: Usage | None = None
    tier: str | None = None
    mints: str | None = None
    complete: bool = False
    started_ns: int = 0
    first_event_ns: int | None = None
    heard_ns: int = 0
    upstream: Any = None
    # the pipeline
    failure: Ending | None = None
    begun: int = 0
    settled: bool = False
    charge: Any = None
    kept: dict[str, Any] = field(default_factory=dict)
