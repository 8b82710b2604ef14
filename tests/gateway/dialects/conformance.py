"""What any dialect must keep: a Speech says how its vendor's API looks, `test_conformance` holds every dialect to it.

`Speech.heard` and `Speech.followed` are clients written from the published API, not from our code: they raise
AssertionError at whatever a strict client would stumble over (gaps in indexes, blocks out of order, a repeated text
that is not the text).
"""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.call import Call, Event
from gateway.config.profiles import ProfileSettings
from gateway.dialects.seam import Dialect, Fresh
from gateway.dialects.strict import decode_reply, encode
from gateway.guards import Redactor
from gateway.papers import HOUSE, Key
from gateway.papers.profile import resolve
from gateway.policies import Policies
from gateway.stages.firewall import Firewall
from gateway.stages.guard import Guard
from gateway.stages.screen import Screen
from gateway.tools.schema import Schemas
from gateway.tools.trail import Trails
from gateway.upstream.sse import SseParser
from gateway.vaults import Vaults
from limits.clock import SystemClock
from limits.seam import LocalLedger
from tests.gateway.stages.exchange import taken

Tree = dict[str, Any]
Calls = Sequence[tuple[str, str, Any]]
SCHEMA = {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}


@dataclass(frozen=True)
class Spoken:
    """What a model says: pieces of one text, then calls as (id, name, pieces of their JSON arguments)."""

    text: tuple[str, ...] = ()
    calls: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    thinking: str = ""


@dataclass
class Heard:
    """What a client understood: a text, calls as (id, name, arguments' tree), the reasoning, how it ended, tokens."""

    text: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    thinking: str = ""
    finish: str | None = None
    usage: tuple[int, int] | None = None


@dataclass(frozen=True)
class Speech:
    """One dialect and how its vendor's API looks.

    `asked` makes a request (user's text, tool names offered, stream), `plain` and `stream` the vendor's reply, as a
    tree or as the trees of its events; `heard` and `followed` are the client; `requests` are whole bodies as published,
    with everything in them that we read; `goes_on` is the request after one, with the calls of its answer and a result
    to each; without `calls` the API has no tools, images or reasoning.
    """

    dialect: Dialect
    asked: Callable[[str, Sequence[str], bool], Tree]
    plain: Callable[[Spoken], Tree]
    stream: Callable[[Spoken], list[Tree]]
    heard: Callable[[Tree], Heard]
    followed: Callable[[list[Tree]], Heard]
    goes_on: Callable[[Tree, Calls, str], Tree]
    requests: tuple[Tree, ...]
    limit_member: str
    finish_plain: str
    finish_calls: str
    error_message: Callable[[Tree], str]
    done: bytes = b""
    calls: bool = True


class NoCaller:
    """A caller without headers or body."""

    headers: Mapping[str, str] = {}

    def body_now(self, *, bytes_max: int) -> bytes | None:  # noqa: ARG002
        return None

    async def body(self, *, bytes_max: int, read_s_max: float) -> bytes:  # noqa: ARG002
        """Return nothing."""
        return b""


class Life:
    """Guard and Firewall over one call, as in the gateway, without sockets: what would go to the client."""

    def __init__(self, speech: Speech, tree: Tree, **profile: Any) -> None:
        self.speech = speech
        self.firewall = Firewall(Schemas(), Trails(b"s" * 32), LocalLedger(SystemClock()))
        vaults = Vaults(lambda _sql, _values: [], SystemClock(), b"s" * 32, lambda _run: None)
        self.guard = Guard(Redactor(), vaults, Policies(), Screen(b"s" * 32))
        papers = resolve(ProfileSettings.model_validate({"name": "default", **profile}))
        self.call = call = Call("call_1", speech.dialect, "/v1/x", NoCaller(), 0, 0)
        call.tenant, call.profile, call.key = HOUSE, papers, Key("k", "k", HOUSE, papers)
        call.clear = call.request = speech.dialect.parse(tree)

    async def admit(self) -> Tree:
        """Admit; return the tree that would leave."""
        await taken(self.firewall.admit(self.call))
        await taken(self.guard.admit(self.call))
        assert self.call.request is not None
        return self.call.request.tree

    def _inspected(self, batches: Iterable[list[Event]]) -> bytes:
        flowing: list[Event] = []
        held: list[Event] = []
        for batch in batches:
            guarded = self.guard.inspect_batch(self.call, batch)
            for after in self.firewall.inspect_batch(self.call, guarded):
                if after.terminal:
                    held.append(after)
                elif not after.silent:
                    flowing.append(after)
        return written(self.speech, [*flowing, *(event for event in held if not event.silent)])

    def plain(self, tree: Tree, fresh: Fresh | None = None) -> Tree:
        """Pass a plain reply through; return its tree as the client decodes it."""
        assert self.call.request is not None
        event = self.speech.dialect.reader(self.call.request, fresh).plain(encode(tree))
        (guarded,) = self.guard.inspect(self.call, event)
        (after,) = self.firewall.inspect(self.call, guarded)
        told: Tree = decode_reply(self.speech.dialect.write_plain(after))
        return told

    def stream(self, trees: Iterable[Tree], cuts: Sequence[int] = (), fresh: Fresh | None = None) -> list[Tree]:
        """Pass a stream through, its bytes cut anywhere; return the trees of the events that the client decodes."""
        assert self.call.request is not None
        wire = wired(trees) + self.speech.done
        reader, parser = self.speech.dialect.reader(self.call.request, fresh), SseParser()
        batches: list[list[Event]] = []
        marks = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})
        for start, end in itertools.pairwise(marks):
            batches.append(reader.feed(parser.feed(wire[start:end])))
        assert reader.finished
        return unwired(self._inspected(batches))


def written(speech: Speech, events: Sequence[Event]) -> bytes:
    """Return events as the client gets them, one after the other."""
    for number, event in enumerate(events):
        event.number = number
    return b"".join(speech.dialect.write(event) for event in events)


def wired(trees: Iterable[Tree]) -> bytes:
    """Return events as an upstream writes them, one named event each."""
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (str(tree.get("type", "message")).encode(), encode(tree)) for tree in trees
    )


def unwired(wire: bytes) -> list[Tree]:
    """Return the trees of written events; the name of an event, if it has one, must be its type."""
    trees = []
    for block in wire.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if not lines or lines["data"] == "[DONE]":
            continue
        tree = json.loads(lines["data"])
        assert lines.get("event") in (None, tree.get("type"))
        trees.append(tree)
    return trees


def error_of(wire: bytes) -> Tree:
    """Return the tree of a written error event."""
    (tree,) = unwired(wire)
    return tree


def at(tree: Any, path: Iterable[str | int]) -> Any:
    """Return what stands at a path."""
    for step in path:
        tree = tree[step]
    return tree
