"""Anthropic's Messages (`/v1/messages`), as published in its API reference.

A stream is `message_start`, then the content blocks one after the other, each `content_block_start`, deltas,
`content_block_stop`, then `message_delta` with the stop reason and the usage, and `message_stop`; `ping` anywhere. One
choice. A lane is a block, named by its index (`3c0`: the first citation of block 3). Blocks are in order, so all that
follows a tool call's block waits as the call waits. Thinking and its signature are never altered.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..call import Event, Part, Request
from ..errors import Ending
from . import anthropic_request
from .anthropic_reply import MessagesReader, is_call
from .errors import anthropic_error
from .seam import Fresh
from .strict import encode

_VERSION = "2023-06-01"
_VERSION_CHARS_MAX = 32
_NO_USAGE = {"input_tokens": 0, "output_tokens": 0}


class AnthropicMessages:
    """The dialect; stateless."""

    name = "anthropic_messages"
    repeats = False
    no_arguments = "{}"

    def headers(self, sent: Mapping[str, str], betas: Sequence[str]) -> list[tuple[str, str]]:
        """Return the version, and of the betas those that are allowed: by name, with or without their date."""
        version = sent.get("anthropic-version", _VERSION)
        if len(version) > _VERSION_CHARS_MAX or not version.isascii() or not version.isprintable():
            version = _VERSION
        headers = [("anthropic-version", version)]
        wanted = [name.strip() for name in sent.get("anthropic-beta", "").split(",")]
        allowed = [name for name in wanted if name in betas or name[:-11] in betas]
        if allowed:
            headers.append(("anthropic-beta", ",".join(allowed)))
        return headers

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        return anthropic_request.parse(tree)

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as an upstream gets it; the dialect has one field for the output limit."""
        return request.with_members({"model": model, "max_tokens": output_tokens})

    def reader(self, request: Request, fresh: Fresh | None = None) -> MessagesReader:  # noqa: ARG002
        """Return a reader for one reply."""
        return MessagesReader(fresh)

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Return a delta of a block."""
        member, name = ("partial_json", "input_json_delta") if kind == "arguments" else ("text", "text_delta")
        delta = {"type": name, member: text}
        tree = {"type": "content_block_delta", "index": int(lane), "delta": delta}
        return Event(tree, [Part(kind, choice, lane, delta, member)], behind=like.behind, notes=like.notes)

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:  # noqa: ARG002
        """Return a whole reply of our own making."""
        message = {
            "id": f"msg_{reply_id}",
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": _NO_USAGE,
        }
        reader = MessagesReader()
        if not request.stream:
            return [reader.whole(message)]
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        trees = [
            {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
            *_text_block(0, text),
            {"type": "message_delta", "delta": delta, "usage": _NO_USAGE},
            {"type": "message_stop"},
        ]
        return [reader.event(tree) for tree in trees]

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Take an event that belongs to a call's block, or to a block after one."""
        if not event.behind:
            return event, {}
        tree = event.tree or {}
        if tree["type"] == "content_block_delta" and all(part.kind == "arguments" for part in event.parts):
            said = [part for part in event.parts if part.text or part.clear is not None]
            if not said and event.parts:
                return None, {}
        return None, {0: event}

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:
        """Return the end of a message without its calls, after a block of text."""
        tree = event.tree or {}
        end = tree if event.whole else tree["delta"]
        if end.get("stop_reason") == "tool_use":
            event.finish = end["stop_reason"] = "end_turn"
        if event.whole:
            blocks = [block for block in tree["content"] if not is_call(block)]
            tree["content"] = [*blocks, {"type": "text", "text": text}]
            event.parts = [part for part in event.parts if part.kind != "arguments"]
            return [event]
        at = event.notes.calls_from
        opening, delta, closing = (Event(block, [], notes=event.notes) for block in _text_block(at, text))
        assert delta.tree is not None  # noqa: S101 - it was just made
        delta.parts = [Part("text", choice, str(at), delta.tree["delta"], "text")]
        return [opening, delta, closing, event]

    def renew(self, event: Event, reply_id: str) -> None:
        """Give a message the reply id."""
        tree = event.tree or {}
        message = tree.get("message") if tree.get("type") == "message_start" else tree
        if message and "id" in message:
            message["id"] = f"msg_{reply_id}"

    def ask_again(self, request: Request, answer: str, message: str) -> Request:
        """Return the request with the refused answer and the message to the model appended."""
        more = [{"role": "assistant", "content": answer}, {"role": "user", "content": message}]
        return anthropic_request.parse({**request.tree, "messages": [*request.tree["messages"], *more]})

    def write(self, event: Event) -> bytes:
        """Return an event on the wire."""
        tree = event.tree or {}
        return b"event: %b\ndata: %b\n\n" % (tree["type"].encode(), encode(tree))

    def write_plain(self, event: Event) -> bytes:
        """Return a plain reply's body."""
        return encode(event.tree)

    def error(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as Anthropic's error body."""
        return encode(anthropic_error(ending, call_id))

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as an `error` event, which Anthropic's SDKs raise."""
        return b"event: error\ndata: %b\n\n" % encode(anthropic_error(ending, call_id))


def _text_block(at: int, text: str) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": at, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": at, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": at},
    ]
