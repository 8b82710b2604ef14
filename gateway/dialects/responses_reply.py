"""Reads one reply in OpenAI's Responses dialect, plain or event by event.

Lanes: `0.1` the second content part of the first item, `0.0r` a refusal, `0.0s` a summary of reasoning, `0.0k` the
reasoning, `2a` the arguments of the call that is the third item (`2c` if it is free text), `.instructions` what the
response repeats of the request.
"""

from dataclasses import dataclass, field
from typing import Any

from limits.prices import Usage

from ..call import Event, Part
from ..errors import UpstreamError
from .event_reader import WRONG, EventReader, kind_of, no_reply
from .hosted import uses_of_items
from .json_part import JsonPart
from .media import has_media, media_of
from .responses_request import CALLS
from .seam import Fresh

_TOKENS_MAX = 2**40
_LANE_OF_CALL = {"function_call": "a", "custom_tool_call": "c"}
# Calls of tools that the provider knows and the client runs: nothing offers them, so Firewall refuses them.
_RUN_HERE = {
    "computer_call": "action",
    "local_shell_call": "action",
    "shell_call": "action",
    "apply_patch_call": "operation",
}
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_STATES = frozenset({"response.created", "response.in_progress", "response.queued"})
_PARTS = {"output_text": ("text", "text", ""), "refusal": ("refusal", "refusal", "r"), "text": ("text", "text", "")}
_REASONING = {"reasoning_text": ("reasoning", "text", "k"), "summary_text": ("text", "text", "s")}
# Events that carry a piece, and those that say it all again: kind, member, second index and the lane's suffix.
_PIECES = {
    "response.output_text.delta": ("text", "delta", "content_index/"),
    "response.refusal.delta": ("refusal", "delta", "content_index/r"),
    "response.reasoning_summary_text.delta": ("text", "delta", "summary_index/s"),
    "response.reasoning_text.delta": ("reasoning", "delta", "content_index/k"),
    "response.function_call_arguments.delta": ("arguments", "delta", "/a"),
    "response.custom_tool_call_input.delta": ("arguments", "delta", "/c"),
}
_WHOLES = {
    "response.output_text.done": ("text", "text", "content_index/"),
    "response.refusal.done": ("refusal", "refusal", "content_index/r"),
    "response.reasoning_summary_text.done": ("text", "text", "summary_index/s"),
    "response.reasoning_text.done": ("reasoning", "text", "content_index/k"),
    "response.function_call_arguments.done": ("arguments", "arguments", "/a"),
    "response.custom_tool_call_input.done": ("arguments", "input", "/c"),
}
_PART_EVENTS = {
    "response.content_part.added": "content_index",
    "response.content_part.done": "content_index",
    "response.reasoning_summary_part.added": "summary_index",
    "response.reasoning_summary_part.done": "summary_index",
}


@dataclass(slots=True)
class Notes:
    """What later events of a reply need to know: its items' ids, and the first that is a call."""

    items: dict[int, str] = field(default_factory=dict)
    calls_from: int | None = None


class ResponsesReader(EventReader):
    """Reads one reply."""

    __slots__ = ("_notes", "_said")
    noun = "response"

    def __init__(self, fresh: Fresh | None = None) -> None:
        super().__init__(fresh)
        self._notes = Notes()
        self._said = False

    def whole(self, tree: Any) -> Event:
        """Return the one event of a plain reply's tree."""
        event = Event(tree, [], ends=(0,), terminal=True, whole=True, notes=self._notes)
        try:
            self._response(event, tree, repeats=False)
        except WRONG as error:
            raise no_reply(self.noun, error) from None
        if tree.get("status") == "failed":
            raise UpstreamError("the upstream reported a failure in its response")
        self._ended = True
        return event

    def read(self, tree: dict[str, Any]) -> Event:
        """Return the event of a tree."""
        kind, notes = kind_of(tree), self._notes
        event = Event(tree, [], notes=notes)
        tree["sequence_number"] = 0  # given when it is written: what is held or taken out leaves no gap
        if kind in _PIECES:
            self._said = True
            self._text(event, tree, *_PIECES[kind])
        elif kind in _WHOLES:
            part = self._text(event, tree, *_WHOLES[kind])
            part.repeats = True
        elif kind in _PART_EVENTS:
            at = f"{_index(tree, 'output_index')}.{_index(tree, _PART_EVENTS[kind])}"
            self._part(event.parts, at, tree["part"], repeats=kind.endswith("done"))
        elif kind in ("response.output_item.added", "response.output_item.done"):
            self._item(event.parts, _index(tree, "output_index"), tree["item"], repeats=kind.endswith("done"))
        elif kind in _ENDS:
            if kind == "response.failed" and not self._said:
                raise UpstreamError("the upstream reported a failure in its stream")
            event.terminal = self._ended = True
            event.ends = (0,)
            self._response(event, tree["response"], repeats=True)
        elif kind in _STATES:
            _echoes(event.parts, tree["response"], repeats=True)
        elif kind == "error":
            raise UpstreamError("the upstream reported an error in its stream")
        at_item = tree.get("output_index")
        if kind.endswith(".done"):
            event.closes = tuple(part.lane for part in event.parts)
        event.behind = type(at_item) is int and notes.calls_from is not None and at_item >= notes.calls_from
        return event

    def _text(self, event: Event, tree: dict[str, Any], kind: str, member: str, place: str) -> Part:
        """Take the text of an event that carries one; `place` names its second index and the suffix of its lane."""
        at, (second, _, suffix) = _index(tree, "output_index"), place.partition("/")
        lane = f"{at}.{_index(tree, second)}{suffix}" if second else f"{at}{suffix}"
        part = _text(kind, lane, tree, member)
        part.alone = True
        if kind == "arguments":
            self._known(part, at, tree)
        if tree.get("logprobs"):
            part.logprobs = tree
        event.parts.append(part)
        return part

    def _known(self, part: Part, at: int, tree: dict[str, Any]) -> None:
        """Name the call that arguments belong to; of one that was not announced nothing is known but its place."""
        notes = self._notes
        if notes.calls_from is None or at < notes.calls_from:
            notes.calls_from = at
        notes.items.setdefault(at, str(tree.get("item_id", "")))
        part.call_id, part.name = self._calls.get(at, ("", ""))

    def _response(self, event: Event, tree: dict[str, Any], *, repeats: bool) -> None:
        """Read a whole response: at the end of a stream all of it comes again."""
        for at, item in enumerate(tree["output"]):
            self._item(event.parts, at, item, repeats=repeats)
        _echoes(event.parts, tree, repeats=True)
        details = tree.get("incomplete_details")
        event.finish = str(details.get("reason")) if type(details) is dict else str(tree.get("status", "completed"))
        event.usage = usage_of(tree.get("usage"), uses_of_items(tree["output"]))
        tier = tree.get("service_tier")
        event.tier = tier if type(tier) is str else None
        if tree.get("store") is not False and type(tree.get("id")) is str:
            event.mints = tree["id"]

    def _item(self, parts: list[Part], at: int, item: dict[str, Any], *, repeats: bool) -> None:
        kind = item["type"]
        self._notes.items[at] = str(item.get("id") or "")
        if self._fresh is not None and type(item.get("call_id")) is str:
            item["call_id"] = self._fresh("call_", item["call_id"], item["call_id"])  # it stands in three places
        if kind in CALLS:
            if type(item["call_id"]) is not str or type(item["name"]) is not str:
                raise TypeError("call_id")
            self._calls[at] = (item["call_id"], item["name"])
            item.setdefault(CALLS[kind], "")
            part = _text("arguments", f"{at}{_LANE_OF_CALL[kind]}", item, CALLS[kind])
            part.repeats = repeats
            self._known(part, at, item)
            parts.append(part)
        elif kind in _RUN_HERE:
            self._calls[at] = (str(item.get("call_id", "")), kind)
            part = JsonPart(0, f"{at}j", item, _RUN_HERE[kind], empty="{}")
            part.repeats = True
            self._known(part, at, item)
            parts.append(part)
        for member in ("content", "summary"):
            for number, each in enumerate(item.get(member) or () if kind in ("message", "reasoning") else ()):
                self._part(parts, f"{at}.{number}", each, repeats=repeats)

    def _part(self, parts: list[Part], at: str, tree: dict[str, Any], *, repeats: bool) -> None:
        kind, member, suffix = _PARTS.get(tree["type"]) or _REASONING.get(tree["type"]) or ("", "", "")
        if not kind:
            return
        part = _text(kind, at + suffix, tree, member)
        part.repeats = repeats
        if tree.get("logprobs"):
            part.logprobs = tree
        if part.text or repeats:
            parts.append(part)


def _echoes(parts: list[Part], tree: dict[str, Any], *, repeats: bool) -> None:
    """Take what a response repeats of its request: it went out masked, and comes back as it was sent."""
    metadata = tree.get("metadata")
    places = [(tree, "instructions"), (tree, "user")]
    if type(metadata) is dict:
        places += [(metadata, name) for name in metadata]
    for holder, member in places:
        if type(holder.get(member)) is str:
            part = Part("text", 0, f".{'metadata.' if holder is metadata else ''}{member}", holder, member)
            part.repeats = repeats
            parts.append(part)


def _text(kind: str, lane: str, holder: dict[str, Any], member: str) -> Part:
    if type(holder[member]) is not str:
        raise TypeError(member)
    return Part(kind, 0, lane, holder, member)


def _index(tree: dict[str, Any], member: str) -> int:
    index = tree[member]
    if type(index) is not int or index < 0:
        raise ValueError(member)
    return index


def usage_of(tree: Any, uses: tuple[tuple[str, int], ...] = ()) -> Usage | None:
    """Return a usage report; None if there is none, or none that can be true."""
    if not tree:
        return None
    try:
        inward, outward = tree.get("input_tokens_details") or {}, tree.get("output_tokens_details") or {}
        cached, written = inward.get("cached_tokens") or 0, inward.get("cache_write_tokens") or 0
        thought = outward.get("reasoning_tokens") or 0
        media = {}
        if has_media(inward, outward):
            media = media_of(inward, outward, tree["input_tokens"] - cached - written, tree["output_tokens"] - thought)
        usage = Usage(
            tree["input_tokens"],
            tree["output_tokens"],
            cached_tokens=cached,
            cache_write_tokens=written,
            reasoning_tokens=thought,
            uses=uses,
            **media,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.cache_write_tokens)
    return usage if all(type(count) is int and count < _TOKENS_MAX for count in counts) else None
