"""The nouns of a call's life: Call, Attempt, Request, Reply, Event and the parts they are made of.

A dialect makes Requests and Events out of a vendor's JSON; stages read and change them only through these. `path` is
where a value stands in the tree, as keys and indexes; a Request is never changed, `replace` makes a new one that shares
what did not change, because the clear request and the one that leaves are both needed. Events are changed in place:
each is seen once, in order, by one stage after another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from limits.prices import Usage

from .errors import Ending

if TYPE_CHECKING:
    from .dialects.seam import Dialect

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a request: `role` is system, user, assistant, tool (an untrusted result), arguments or definition."""

    path: Path
    value: str
    role: str


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool that the request offers. `schema` is its parameters' JSON Schema, or None where there is none.

    `hosted` ones run at the provider; `free` ones take free text, not JSON.
    """

    name: str
    schema: Any
    hosted: bool = False
    free: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call: in a request, one that an earlier answer proposed; `arguments` is the JSON text as it stands."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of an earlier tool call, as the client sends it back: `texts` index the request's texts.

    `failed` is set where the dialect can say that the tool failed.
    """

    call_id: str
    texts: tuple[int, ...]
    failed: bool = False


@dataclass(frozen=True)  # no slots: `_with` copies all members at once
class Request:
    """The neutral view of a request's body; `tree` is the decoded JSON and all that is ever sent.

    `choices` is `n`, `output_limit` the client's own maximum of output tokens (None: not said), `thinking_budget` what
    is set aside for reasoning, `images` and `files` how many non-text inputs there are, `unboundable` names the members
    whose cost the body does not tell, `strict_format` says that the answer must be JSON, `forced_tool` that a tool call
    is demanded. `opaque_bytes` are of reasoning that goes on unread, `frame_bytes` of what is billed beside the texts.
    `free` says that the provider charges nothing for it, `kept` that it keeps the reply. `follows` are ids of what lies
    at the provider and the request goes on from: whose they are and what they weigh, `gateway.bonds` knows.
    `executes` is the tool call that the request itself is: its arguments stand in the tree's member `arguments`.
    """

    tree: dict[str, Any]
    model: str
    stream: bool
    texts: tuple[Text, ...]
    messages: int = 0
    choices: int = 1
    output_limit: int | None = None
    thinking_budget: int = 0
    tools: tuple[ToolDefinition, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    images: int = 0
    files: int = 0
    unboundable: tuple[str, ...] = ()
    wants_usage: bool = False
    strict_format: bool = False
    forced_tool: bool = False
    opaque_bytes: int = 0
    frame_bytes: int = 0
    free: bool = False
    follows: tuple[str, ...] = ()
    kept: bool = False
    executes: ToolCall | None = None

    def replace(self, changes: Mapping[int, str]) -> "Request":
        """Return a request whose texts at these indexes are replaced; the tree is copied along their paths only."""
        tree = dict(self.tree)
        copied: dict[Path, Any] = {(): tree}
        texts = list(self.texts)
        for index, value in changes.items():
            text = texts[index]
            node: Any = tree
            for depth, step in enumerate(text.path[:-1], 1):
                at = text.path[:depth]
                child = copied.get(at)
                if child is None:
                    child = copied[at] = node[step].copy()
                    node[step] = child
                node = child
            node[text.path[-1]] = value
            texts[index] = Text(text.path, value, text.role)
        return _with(self, tree, tuple(texts))

    def with_members(self, members: Mapping[str, Any]) -> "Request":
        """Return a request whose top-level members are set (or, if None, removed)."""
        tree = {**self.tree, **members}
        for name, value in members.items():
            if value is None:
                del tree[name]
        return _with(self, tree, self.texts)


def _with(request: Request, tree: dict[str, Any], texts: tuple[Text, ...]) -> Request:
    # dataclasses.replace costs 6 µs here; this is on every call's path.
    new = object.__new__(Request)
    new.__dict__.update(request.__dict__, tree=tree, texts=texts)
    return new


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

    def __init__(self, kind: str, choice: int, lane: str, holder: dict[str, Any], member: str) -> None:
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


@dataclass(slots=True)
class Reply:
    """What answers a call: `read` gives the next batch of events, None at the end, or raises an Ending.

    `degraded` labels an answer that is not the one asked for (`stored`, `fallback:MODEL`), `cached` one that was free.
    """

    read: Callable[[], Awaitable[list[Event] | None]]
    degraded: str | None = None
    cached: bool = False


def reply_of(events: list[Event], *, degraded: str | None = None, cached: bool = False) -> Reply:
    """Make a reply of events that are already there."""
    batches = [events]

    async def read() -> list[Event] | None:
        return batches.pop() if batches else None

    return Reply(read, degraded=degraded, cached=cached)


class Caller(Protocol):
    """The client's side of a call, as stages see it: they read the body once and never write."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, names in lower case."""
        ...

    async def body(self, *, bytes_max: int, read_s_max: float) -> bytes:
        """Return the whole body, or refuse one that is too large or too slow."""
        ...


@dataclass(slots=True)
class Call:
    """One client request. The comment beside a group says which stage fills it."""

    id: str
    dialect: "Dialect"
    path: str
    caller: Caller
    started_ns: int
    started_us: int
    path_run_id: str | None = None
    unsupported: bool = False
    # Authenticate
    key: Any = None
    tenant: Any = None
    profile: Any = None
    # Read: what the client sent; Guard: what leaves
    body_bytes: int = 0
    clear: Request | None = None
    request: Request | None = None
    model: Any = None
    # Identify
    run: Any = None
    run_found_by: str = "own"
    session: str | None = None
    deadline_s: float = 0.0
    phase: str | None = None
    pinned: str | None = None
    # for the book: what each stage decided; ledger entries and state changes that travel in the next record
    decisions: list[dict[str, Any]] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)
    statements: list[Any] = field(default_factory=list)
    findings: dict[str, int] = field(default_factory=dict)
    # Route
    attempt: Callable[[Any], Awaitable[Reply]] = None  # type: ignore[assignment]
    attempts: "list[Attempt]" = field(default_factory=list)
    degraded: str | None = None
    # the pipeline
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

    @property
    def is_for_tool(self) -> bool:
        """Whether a tool is called, not a model; then `model` is a tool."""
        return self.dialect.name.startswith("tool_")

    def cut(self, ending: Ending) -> None:
        """End the exchange from outside (deadline, a client that left, a killed run); settling is never cut."""
        if self.cut_by is None:
            self.cut_by = ending
            if self.task is not None:
                self.task.cancel()

    def decide(self, stage: str, decision: str, **why: int | str) -> None:
        """Note for the record what a stage decided, by which rule, with limit and actual figure."""
        self.decisions.append({"stage": stage, "decision": decision, **why})


@dataclass(slots=True)
class Attempt:
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
    settled: bool = False
    charge: Any = None
    kept: dict[str, Any] = field(default_factory=dict)
