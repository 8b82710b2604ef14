"""OpenAI's Chat Completions (`/v1/chat/completions`), as published in its API reference.

A stream is a series of chunks `{"choices":[{"index","delta","finish_reason"}]}`, a last one with empty choices and the
usage if `stream_options.include_usage` asks for it, then `data: [DONE]`. Lanes: `0` the text of choice 0, `0r` its
refusal, `0k` its reasoning (some compatible servers), `0t1` the arguments of its second tool call (`0c1` if that is a
custom tool's free text), `0f` the arguments of a `function_call`, as before there were tools.
"""

from typing import Any

from limits.prices import Usage

from ..call import Event, Part, Request
from ..errors import UpstreamError
from . import openai_request
from .media import has_media, media_of
from .openai_form import ChunkForm, ChunkReader
from .seam import Fresh

_TOKENS_MAX = 2**40
_NAMES = {"content": ("text", ""), "refusal": ("refusal", "r"), "reasoning_content": ("reasoning", "k")}
_CALLS = ("tool_calls", "function_call")
_CALLED = frozenset({"tool_calls", "function_call"})
_MEMBERS = {"text": "content", "refusal": "refusal", "reasoning": "reasoning_content"}


class OpenAIChat(ChunkForm):
    """The dialect; stateless."""

    name = "openai_chat"

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        return openai_request.parse(tree)

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:
        """Return the request as an upstream gets it."""
        changed: dict[str, Any] = {"model": model, limit_field: output_tokens}
        other = "max_tokens" if limit_field == "max_completion_tokens" else "max_completion_tokens"
        if other in request.tree:
            changed[other] = None
        if request.stream:
            changed |= self.streamed(request.tree)
        return request.with_members(changed)

    def reader(self, request: Request, fresh: Fresh | None = None) -> "ChatReader":
        """Return a reader for one reply to this request."""
        return ChatReader(request.choices, wants_usage=request.wants_usage, fresh=fresh)

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Return a chunk of the same reply that carries a further piece of a lane."""
        if kind == "arguments":
            holder: dict[str, Any] = {"arguments": text}
            delta: dict[str, Any]
            delta, member = _arguments_delta(lane, holder), "arguments"
            if "input" in holder:
                member = "input"
        else:
            member = _MEMBERS[kind]
            delta = holder = {member: text}
        around = like.tree or {}
        beside: dict[str, Any] = next((each for each in around.get("choices", ()) if each["index"] == choice), {})
        empty = {name: None for name in ("logprobs", "finish_reason") if name in beside}
        tree = {name: None if name == "usage" else value for name, value in around.items() if name != "choices"}
        tree["choices"] = [{"index": choice, "delta": delta, "finish_reason": None, **empty}]
        return Event(tree, [Part(kind, choice, lane, holder, member)])

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:
        """Return a whole reply of our own making."""
        head = {"id": f"chatcmpl-{reply_id}", "created": created_s, "model": request.model}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        if not request.stream:
            choices = [
                {
                    "index": i,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "finish_reason": "stop",
                }
                for i in range(request.choices)
            ]
            tree = {**head, "object": "chat.completion", "choices": choices, "usage": usage}
            return [ChatReader(request.choices, wants_usage=True).whole(tree)]
        reader = ChatReader(request.choices, wants_usage=request.wants_usage)
        head["object"] = "chat.completion.chunk"
        events = []
        for i in range(request.choices):
            delta = {"role": "assistant", "content": text}
            events.append(reader.chunk({**head, "choices": [{"index": i, "delta": delta, "finish_reason": None}]}))
            events.append(reader.chunk({**head, "choices": [{"index": i, "delta": {}, "finish_reason": "stop"}]}))
        events.append(reader.chunk({**head, "choices": [], "usage": usage}))
        return [*events, Event(None, [], terminal=True)]

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Take the tool calls out of a chunk."""
        tree = event.tree or {}
        envelope = {name: value for name, value in tree.items() if name not in ("choices", "usage")}
        taken: dict[int, Event] = {}
        left = []
        for choice in tree["choices"]:
            delta = choice.get("delta") or {}
            calls = {name: delta.pop(name) for name in _CALLS if name in delta}
            if not calls or delta or choice.get("finish_reason") is not None:
                left.append(choice)
            calls = _saying_something(calls)
            if calls:
                index = choice["index"]
                parts = [part for part in event.parts if part.kind == "arguments" and part.choice == index]
                only = {"index": index, "delta": calls, "finish_reason": None}
                taken[index] = Event({**envelope, "choices": [only]}, parts)
        event.parts = [part for part in event.parts if part.kind != "arguments"]
        tree["choices"] = left
        return (event if left or tree.get("usage") is not None else None), taken

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:
        """Return the end of a choice without its calls, after a text."""
        for member in (event.tree or {})["choices"]:
            if member["index"] != choice:
                continue
            if member.get("finish_reason") in _CALLED:
                event.finish = member["finish_reason"] = "stop"
            if event.whole:
                message = member["message"]
                for name in _CALLS:
                    message.pop(name, None)
                said = message.get("content")
                message["content"] = f"{said}\n\n{text}" if said else text
        if event.whole:
            event.parts = [part for part in event.parts if part.kind != "arguments" or part.choice != choice]
            return [event]
        return [self.piece(event, kind="text", choice=choice, lane=str(choice), text=text), event]

    def renew(self, event: Event, reply_id: str) -> None:
        """Give a chunk or completion the reply id."""
        if event.tree is not None and "id" in event.tree:
            event.tree["id"] = f"chatcmpl-{reply_id}"

    def ask_again(self, request: Request, answer: str, message: str) -> Request:
        """Return the request with the refused answer and the message to the model appended."""
        more = [{"role": "assistant", "content": answer}, {"role": "user", "content": message}]
        return openai_request.parse({**request.tree, "messages": [*request.tree["messages"], *more]})


class ChatReader(ChunkReader):
    """Reads one reply."""

    __slots__ = ("_calls", "_fresh")

    def __init__(self, choices: int, *, wants_usage: bool, fresh: Fresh | None = None) -> None:
        super().__init__(choices, wants_usage=wants_usage)
        self._fresh = fresh
        self._calls: dict[str, tuple[str, str]] = {}

    def whole(self, tree: Any) -> Event:
        """Return the one event of a plain reply's tree."""
        try:
            parts: list[Part] = []
            finish = None
            for choice in tree["choices"]:
                index = choice["index"]
                message = choice["message"]
                self._texts(parts, index, message, choice)
                for number, call in enumerate(message.get("tool_calls") or ()):
                    self._arguments(parts, index, f"{index}t{number}", call)
                if message.get("function_call"):
                    self._arguments(parts, index, f"{index}f", {"function": message["function_call"]})
                self._ended.add(index)
                finish = finish or choice.get("finish_reason")
            usage = usage_of(tree.get("usage"))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UpstreamError(
                f"the upstream's reply is no chat completion: {type(error).__name__} at {error}"
            ) from None
        ends, tier = tuple(self._ended), _tier(tree)
        return Event(tree, parts, ends=ends, finish=finish, usage=usage, terminal=True, whole=True, tier=tier)

    def chunk(self, tree: Any) -> Event:
        """Return the event of a chunk."""
        try:
            if "error" in tree:
                raise UpstreamError("the upstream reported an error in its stream")
            parts: list[Part] = []
            ends: tuple[int, ...] = ()
            finish = None
            for choice in tree["choices"]:
                index = choice["index"]
                delta = choice.get("delta")
                if delta:
                    self._texts(parts, index, delta, choice)
                    for call in delta.get("tool_calls") or ():
                        self._arguments(parts, index, f"{index}t{int(call['index'])}", call)
                    if delta.get("function_call"):
                        self._arguments(parts, index, f"{index}f", {"function": delta["function_call"]})
                if choice.get("finish_reason") is not None:
                    ends = (*ends, index)
                    finish = choice["finish_reason"]
                    self._ended.add(index)
            usage = usage_of(tree.get("usage"))
            alone = usage is not None and not tree["choices"]
            if not self.wants_usage:
                tree.pop("usage", None)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UpstreamError(f"the upstream's chunk is none of a chat: {type(error).__name__} at {error}") from None
        silent = alone and not self.wants_usage
        terminal, tier = bool(ends) or alone, _tier(tree)
        return Event(tree, parts, ends=ends, finish=finish, usage=usage, terminal=terminal, silent=silent, tier=tier)

    def _texts(self, parts: list[Part], index: int, holder: dict[str, Any], choice: dict[str, Any]) -> None:
        for member, text in holder.items():
            if not text or member not in _NAMES:
                continue
            if type(text) is not str:
                raise TypeError(member)
            kind, suffix = _NAMES[member]
            part = Part(kind, index, f"{index}{suffix}", holder, member)
            part.alone = len(holder) == 1
            if choice.get("logprobs"):
                part.logprobs = choice
            parts.append(part)

    def _arguments(self, parts: list[Part], index: int, lane: str, call: dict[str, Any]) -> None:
        holder = call.get("function")
        if holder is None:
            holder, member = call["custom"], "input"
            lane = lane.replace("t", "c")
        else:
            member = "arguments"
        known_id, known_name = self._calls.get(lane, ("", ""))
        # Some servers give an empty id at a call's opening; later pieces have none, or the same once more.
        if self._fresh is not None and type(call.get("id")) is str and (call["id"] or lane not in self._calls):
            call["id"] = self._fresh("call_", lane, call["id"])
        # Clients join the pieces of a name, so a name that comes twice is checked as they read it.
        call_id, name = known_id or call.get("id") or "", known_name + (holder.get("name") or "")
        if type(call_id) is not str:
            raise TypeError("id")
        self._calls[lane] = (call_id, name)
        if type(holder.setdefault(member, "")) is not str:
            raise TypeError(member)
        part = Part("arguments", index, lane, holder, member)
        part.call_id, part.name = call_id, name
        parts.append(part)


def _tier(tree: dict[str, Any]) -> str | None:
    tier = tree.get("service_tier")
    return tier if type(tier) is str else None


def usage_of(tree: Any) -> Usage | None:
    """Return a usage report; None where there is none, or none that can be true (negative, a part above its total)."""
    if not tree:
        return None
    prompt = tree.get("prompt_tokens_details") or {}
    completion = tree.get("completion_tokens_details") or {}
    try:
        inward, outward = tree["prompt_tokens"], tree["completion_tokens"]
        cached, thought = prompt.get("cached_tokens") or 0, completion.get("reasoning_tokens") or 0
        if has_media(prompt, completion):
            media = media_of(prompt, completion, inward - cached, outward - thought)
            usage = Usage(inward, outward, cached_tokens=cached, reasoning_tokens=thought, **media)
        else:
            usage = Usage(inward, outward, cached_tokens=cached, reasoning_tokens=thought)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
    return usage if all(type(count) is int and count < _TOKENS_MAX for count in counts) else None


def _arguments_delta(lane: str, holder: dict[str, Any]) -> dict[str, Any]:
    """Return a delta that carries a piece of arguments; `holder` becomes what the lane's kind of call has."""
    kind = lane.lstrip("0123456789")[0]
    if kind == "f":
        return {"function_call": holder}
    number = int(lane.partition(kind)[2])
    if kind == "t":
        return {"tool_calls": [{"index": number, "function": holder}]}
    holder["input"] = holder.pop("arguments")
    return {"tool_calls": [{"index": number, "custom": holder}]}


def _saying_something(calls: dict[str, Any]) -> dict[str, Any]:
    """Leave out deltas of which nothing is left but their place."""
    kept: dict[str, Any] = {}
    for name, value in calls.items():
        if name == "tool_calls":
            said = [call for call in value or () if not (call.keys() <= _PLACE and _is_empty(call.get("function")))]
            if said:
                kept[name] = said
        elif not _is_empty(value):
            kept[name] = value
    return kept


_PLACE = frozenset({"index", "function"})


def _is_empty(function: Any) -> bool:
    return not function or (function.keys() <= {"arguments"} and not function.get("arguments"))
