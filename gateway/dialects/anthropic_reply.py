"""Reads one reply in Anthropic's Messages dialect, plain or event by event."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from limits.prices import Usage

from ..call import Event, Part
from ..errors import UpstreamError
from .event_reader import WRONG, EventReader, kind_of, no_reply
from .hosted import kind_of_use, uses_reported
from .json_part import JsonPart
from .seam import Fresh

_TOKENS_MAX = 2**40
_NO_USES: Mapping[str, int] = MappingProxyType({})
_HOSTED_CALLS = frozenset({"server_tool_use", "mcp_tool_use"})


@dataclass(slots=True)
class Notes:
    """What later events of a reply need to know: the index of the first block that is a tool call."""

    calls_from: int | None = None


class MessagesReader(EventReader):
    """Reads one reply."""

    __slots__ = ("_notes", "_usage", "_uses")
    noun = "message"

    def __init__(self, fresh: Fresh | None = None) -> None:
        super().__init__(fresh)
        self._notes = Notes()
        self._usage: dict[str, Any] = {}
        self._uses: dict[str, int] = {}

    def whole(self, tree: Any) -> Event:
        """Return the one event of a plain reply's tree."""
        parts: list[Part] = []
        try:
            for index, block in enumerate(tree["content"]):
                self._block(parts, index, block, whole=True)
            finish = tree["stop_reason"]
            usage = usage_of(tree.get("usage"), self._uses)
        except WRONG as error:
            raise no_reply(self.noun, error) from None
        self._ended = True
        return Event(tree, parts, ends=(0,), finish=finish, usage=usage, terminal=True, whole=True, notes=self._notes)

    def read(self, tree: dict[str, Any]) -> Event:
        """Return the event of a tree."""
        kind = kind_of(tree)
        event = Event(tree, [], notes=self._notes)
        if kind.startswith("content_block_"):
            self._piece(event, kind, tree)
        elif kind == "message_start":
            if tree["message"]["content"]:
                raise ValueError("content")
            self._usage = dict(tree["message"].get("usage") or {})
        elif kind == "message_delta":
            self._usage |= {name: value for name, value in (tree.get("usage") or {}).items() if value is not None}
            finish = tree["delta"].get("stop_reason")
            if finish is not None:
                self._ended = event.terminal = True
                event.ends, event.finish = (0,), finish
                event.usage, event.tier = usage_of(self._usage, self._uses), tier_of(self._usage)
        elif kind == "message_stop":
            event.terminal = True
        elif kind == "error":
            raise UpstreamError("the upstream reported an error in its stream")
        return event

    def _piece(self, event: Event, kind: str, tree: dict[str, Any]) -> None:
        """Read an event of a block."""
        index = tree["index"]
        if type(index) is not int or index < 0:
            raise ValueError("index")
        if kind == "content_block_start":
            self._block(event.parts, index, tree["content_block"], whole=False)
        elif kind == "content_block_delta":
            self._delta(event.parts, index, tree["delta"])
        elif kind == "content_block_stop":
            event.closes = (str(index),)
        event.behind = self._notes.calls_from is not None

    def _block(self, parts: list[Part], index: int, block: dict[str, Any], *, whole: bool) -> None:
        lane, kind = str(index), block["type"]
        if kind == "text":
            if block["text"]:
                parts.append(_text("text", lane, block, "text"))
            for number, citation in enumerate(block.get("citations") or ()):
                _citation(parts, f"{lane}c{number}", citation, repeats=not whole)
        elif kind == "thinking":
            parts.append(_text("reasoning", lane, block, "thinking"))
        elif kind == "server_tool_use":
            used = kind_of_use(block.get("name"))
            self._uses[used] = self._uses.get(used, 0) + 1
        elif is_call(block):
            name = block.get("name") or kind
            call_id = block["id"]
            if type(call_id) is not str or type(name) is not str:
                raise TypeError("id")
            if self._fresh is not None:
                call_id = block["id"] = self._fresh("toolu_", lane, call_id)
            self._calls[index] = (call_id, name)
            if self._notes.calls_from is None:
                self._notes.calls_from = index
            part = JsonPart(0, lane, block, "input", empty="{}" if whole else "")
            part.call_id, part.name = call_id, name
            parts.append(part)

    def _delta(self, parts: list[Part], index: int, delta: dict[str, Any]) -> None:
        lane, kind = str(index), delta["type"]
        if kind == "text_delta":
            parts.append(_text("text", lane, delta, "text"))
        elif kind == "thinking_delta":
            parts.append(_text("reasoning", lane, delta, "thinking"))
        elif kind == "input_json_delta" and index in self._calls:
            part = _text("arguments", lane, delta, "partial_json")
            part.call_id, part.name = self._calls[index]
            parts.append(part)
        elif kind == "citations_delta":
            _citation(parts, f"{lane}c{id(delta)}", delta["citation"], repeats=True)


def is_call(block: dict[str, Any]) -> bool:
    """Say whether a block proposes a call that the client runs."""
    kind = block["type"]
    return type(kind) is str and kind.endswith("tool_use") and kind not in _HOSTED_CALLS


def _text(kind: str, lane: str, holder: dict[str, Any], member: str) -> Part:
    if type(holder[member]) is not str:
        raise TypeError(member)
    part = Part(kind, 0, lane, holder, member)
    part.alone = True
    return part


def _citation(parts: list[Part], lane: str, citation: dict[str, Any], *, repeats: bool) -> None:
    """Take the texts that a citation quotes: each is whole, a lane of its own."""
    for member in ("cited_text", "document_title", "title"):
        if type(citation.get(member)) is str:
            part = Part("text", 0, f"{lane}{member}", citation, member)
            part.repeats = repeats
            parts.append(part)


def usage_of(tree: Any, seen: Mapping[str, int] = _NO_USES) -> Usage | None:
    """Return a usage report with its cache reads and writes; None if there is none, or none that can be true."""
    if not tree:
        return None
    try:
        read = tree.get("cache_read_input_tokens") or 0
        written = tree.get("cache_creation_input_tokens") or 0
        long = (tree.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
        thought = (tree.get("output_tokens_details") or {}).get("thinking_tokens") or 0
        usage = Usage(
            tree["input_tokens"] + read + written,
            tree["output_tokens"],
            cached_tokens=read,
            cache_write_tokens=written - long,
            cache_write_1h_tokens=long,
            reasoning_tokens=thought,
            uses=uses_reported(tree, seen) if seen or "server_tool_use" in tree else (),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    counts = (usage.input_tokens, usage.output_tokens, read, written, long, thought)
    return usage if all(type(count) is int and count < _TOKENS_MAX for count in counts) else None


def tier_of(tree: Any) -> str | None:
    """Return the service tier that the upstream says it served the message at."""
    for member in ("speed", "service_tier"):
        tier = tree.get(member) if type(tree) is dict else None
        if type(tier) is str and tier != "standard":
            return tier
    return None
