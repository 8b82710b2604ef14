"""OpenAI's Responses (`/v1/responses`), as published in its API reference.

A stream is `response.created`, then for each output item `response.output_item.added`, its parts and deltas, each text
once more when it is complete (`*.done`, `response.content_part.done`, `response.output_item.done`), and at the end
`response.completed | incomplete | failed` with the whole response. One choice. Events are numbered as they are
written. Encrypted reasoning is never altered.
"""

import secrets
from typing import Any

from ..call import Event, Part, Request
from ..errors import Ending
from . import responses_request
from .errors import openai_error
from .openai_form import OpenAIForm
from .responses_reply import Notes, ResponsesReader
from .responses_request import CALLS
from .seam import Fresh
from .strict import encode

_DELTAS = {
    "r": "response.refusal.delta",
    "s": "response.reasoning_summary_text.delta",
    "a": "response.function_call_arguments.delta",
    "c": "response.custom_tool_call_input.delta",
}
_NO_USAGE = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}


class OpenAIResponses(OpenAIForm):
    """The dialect; stateless."""

    name = "openai_responses"
    repeats = True

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        return responses_request.parse(tree)

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as an upstream gets it; the dialect has one field for the output limit."""
        return request.with_members({"model": model, "max_output_tokens": output_tokens})

    def reader(self, request: Request, fresh: Fresh | None = None) -> ResponsesReader:  # noqa: ARG002
        """Return a reader for one reply."""
        return ResponsesReader(fresh)

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Return a delta of an item."""
        notes: Notes = like.notes
        index, _, second = lane.rstrip("rskac").partition(".")
        suffix = lane[-1] if lane[-1] in _DELTAS else ""
        tree: dict[str, Any] = {
            "type": _DELTAS.get(suffix, "response.output_text.delta"),
            "item_id": notes.items.get(int(index), ""),
            "output_index": int(index),
        }
        if second:
            tree["summary_index" if suffix == "s" else "content_index"] = int(second)
        tree["delta"] = text
        if not suffix:
            tree["logprobs"] = []
        tree["sequence_number"] = 0
        return Event(tree, [Part(kind, choice, lane, tree, "delta")], behind=like.behind, notes=notes)

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:
        """Return a whole reply of our own making."""
        item = _message(text, f"msg_{reply_id}")
        response = {
            "id": f"resp_{reply_id}",
            "object": "response",
            "created_at": created_s,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": request.model,
            "output": [item],
            "parallel_tool_calls": True,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "usage": _NO_USAGE,
        }
        reader = ResponsesReader()
        if not request.stream:
            return [reader.whole(response)]
        begun = {**response, "status": "in_progress", "output": [], "usage": None}
        trees = [
            {"type": "response.created", "response": begun},
            {"type": "response.in_progress", "response": {**begun}},
            *_message_events(0, item),
            {"type": "response.completed", "response": response},
        ]
        return [reader.event(tree) for tree in trees]

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Take an event that belongs to a call, or to an item after one; of the end what no event said before."""
        if event.ends:
            hidden = [part for part in event.parts if part.clear is not None]
            return event, {0: Event(None, hidden, silent=True)} if hidden else {}
        if not event.behind:
            return event, {}
        (kind, parts) = (event.tree or {})["type"], event.parts
        if kind in _EMPTIED and not parts[0].text and parts[0].clear is None:
            return None, {}
        return None, {0: event}

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:
        """Return the end of a response without its calls, after a message."""
        notes: Notes = event.notes
        tree = event.tree or {}
        response = tree if event.whole else tree["response"]
        item = _message(text, f"msg_{secrets.token_hex(24)}")
        if event.whole:
            response["output"] = [*(each for each in response["output"] if not _is_call(each)), item]
            event.parts = [part for part in event.parts if part.kind != "arguments"]
            return [event]
        at = notes.calls_from or 0
        response["output"] = [*response["output"][:at], item]
        event.parts = [part for part in event.parts if not part.lane[:1].isdigit() or int(_item_of(part)) < at]
        said = [Event(each, [], notes=notes) for each in _message_events(at, item)]
        for each in said:
            assert each.tree is not None  # noqa: S101 - they were just made
            if "delta" in each.tree:
                each.parts = [Part("text", choice, f"{at}.0", each.tree, "delta")]
        return [*said, event]

    def renew(self, event: Event, reply_id: str) -> None:
        """Give a response the reply id."""
        tree = event.tree or {}
        response = tree.get("response", tree if event.whole else None)
        if response and "id" in response:
            response["id"] = f"resp_{reply_id}"

    def ask_again(self, request: Request, answer: str, message: str) -> Request:
        """Return the request with the refused answer and the message to the model appended."""
        sent = request.tree["input"]
        items = [{"role": "user", "content": sent}] if type(sent) is str else sent
        more = [{"role": "assistant", "content": answer}, {"role": "user", "content": message}]
        return responses_request.parse({**request.tree, "input": [*items, *more]})

    def write(self, event: Event) -> bytes:
        """Return an event on the wire, with its number among those that the client gets."""
        tree = event.tree or {}
        tree["sequence_number"] = event.number
        return b"event: %b\ndata: %b\n\n" % (tree["type"].encode(), encode(tree))

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as an `error` event; OpenAI's SDKs raise for its member `error`, others read the rest."""
        tree = {
            "type": "error",
            "code": ending.code,
            "message": ending.message,
            "param": ending.param,
            "sequence_number": 0,
            **openai_error(ending, call_id),
        }
        return b"event: error\ndata: %b\n\n" % encode(tree)


_EMPTIED = frozenset({"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"})


def _is_call(item: dict[str, Any]) -> bool:
    kind = item["type"]
    return kind in CALLS or (kind.endswith("_call") and "call_id" in item)


def _item_of(part: Part) -> str:
    return part.lane.partition(".")[0].rstrip("acj")


def _message(text: str, item_id: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": item_id, "type": "message", "status": "completed", "role": "assistant", "content": content}


def _message_events(at: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    part = item["content"][0]
    place = {"item_id": item["id"], "output_index": at, "content_index": 0}
    begun = {**item, "status": "in_progress", "content": []}
    trees: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "output_index": at, "item": begun},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.output_text.delta", **place, "delta": part["text"], "logprobs": []},
        {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": {**part}},
        {"type": "response.output_item.done", "output_index": at, "item": {**item, "content": [{**part}]}},
    ]
    for tree in trees:
        tree["sequence_number"] = 0
    return trees
