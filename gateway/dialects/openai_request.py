"""The neutral view of a Chat Completions request: every text, tool, call and result, and what it may cost.

Shapes are checked only as far as they are read. Members that are unknown here go on, but never unseen: some servers
put them into the prompt, so their strings are scanned like any text and their bytes count against the bound.
"""

from collections.abc import Iterator
from typing import Any

from ..call import Path, Request, Text, ToolCall, ToolDefinition, ToolResult
from .body import MESSAGES_MAX, Collected, asked, boolean, count, listed, model_of, named, place, tree_of, wrong

_CHOICES_MAX = 128
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
# What the body does not tell the cost of: hosted searches, spoken output, state at the provider, predicted output
# (what is rejected of it is billed as output), and what lets a router choose other models or plugins.
_UNBOUNDABLE = (
    "web_search_options",
    "audio",
    "conversation",
    "background",
    "prediction",
    "models",
    "plugins",
    "fallbacks",
)
_MESSAGE = frozenset(
    {"role", "content", "refusal", "name", "reasoning_content", "tool_call_id", "tool_calls", "function_call"}
)
_PART = frozenset({"type", "text", "refusal", "image_url", "cache_control"})
# Members that hold names and numbers of the API alone.
_SETTINGS = frozenset(
    (
        *("model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "seed", "store"),
        *("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty"),
        *("logit_bias", "logprobs", "top_logprobs", "service_tier", "reasoning_effort", "verbosity", "modalities"),
        *("parallel_tool_calls", "tool_choice", "function_call", "prompt_cache_retention"),
    )
)
# Members whose strings are scanned and that no template puts into a prompt, or whose bytes are counted elsewhere.
_SCANNED = frozenset(
    (
        *("tools", "functions", "response_format", "metadata", "user", "safety_identifier", "prompt_cache_key"),
        "stop",
    )
)


class _Reader(Collected):
    """Collects while walking one body."""

    __slots__ = ()

    def message(self, at: int, message: Any) -> None:
        """Read one message."""
        path: Path = ("messages", at)
        if type(message) is not dict:
            raise wrong(place(path), "an object")
        role = message.get("role")
        kind = _ROLES.get(role) if type(role) is str else None
        if kind is None:
            raise wrong(f"{place(path)}.role", "one of system, developer, user, assistant, tool")
        first = len(self.texts)
        content = message.get("content")
        if type(content) is str:
            self.texts.append(Text((*path, "content"), content, kind))
        elif type(content) is list:
            for number, part in enumerate(content):
                self._part((*path, "content", number), part, kind)
        elif content is not None:
            raise wrong(f"{place(path)}.content", "a string, a list of parts or null")
        if len(message) > 2 or content is None:  # noqa: PLR2004 - more than role and content
            self._rest(path, message, kind)
        if kind == "tool":
            texts = tuple(range(first, len(self.texts)))
            call_id, where = named(path, message, "tool_call_id")
            self.results.append(ToolResult(call_id, texts, at=where))

    def _rest(self, path: Path, message: dict[str, Any], kind: str) -> None:
        for member in ("refusal", "name", "reasoning_content"):
            self.optional(path, message, member, kind)
        calls = message.get("tool_calls")
        if calls:
            if type(calls) is not list:
                raise wrong(f"{place(path)}.tool_calls", "a list")
            for number, call in enumerate(calls):
                self._call((*path, "tool_calls", number), call)
        if message.get("function_call"):
            self._proposal((*path, "function_call"), message["function_call"], "arguments", ("", ()))
        self.rest(path, message, _MESSAGE, kind)

    def _part(self, path: Path, part: Any, kind: str) -> None:
        if type(part) is not dict:
            raise wrong(place(path), "an object")
        what = part.get("type")
        if what in ("text", "refusal"):
            self.text(path, part, what, kind)
        elif what == "image_url":
            self.images += 1
            image = part.get("image_url")
            if type(image) is dict and not str(image.get("url", "")).startswith("data:"):
                self.optional((*path, "image_url"), image, "url", kind)
        else:
            self.files += 1
        self.rest(path, part, _PART, kind)

    def _call(self, path: Path, call: Any) -> None:
        if type(call) is not dict:
            raise wrong(place(path), "an object")
        member, inner = ("input", "custom") if "custom" in call else ("arguments", "function")
        self._proposal((*path, inner), call.get(inner), member, named(path, call, "id"))

    def _proposal(self, path: Path, proposal: Any, member: str, call_id: tuple[str, Path]) -> None:
        if type(proposal) is not dict or type(proposal.get("name")) is not str:
            raise wrong(place(path), "an object with a name")
        self.text(path, proposal, member, "arguments")
        self.calls.append(ToolCall(call_id[0], proposal["name"], proposal[member], call_id[1]))
        self.frame_bytes += len(proposal["name"].encode())


def parse(tree: Any) -> Request:
    """Return the neutral view, or raise InvalidRequest naming the member that is not as it should be."""
    tree = tree_of(tree)
    model = model_of(tree)
    messages = listed(tree, "messages", MESSAGES_MAX)
    reader = _Reader()
    for at, message in enumerate(messages):
        reader.message(at, message)
    tools = tuple(_tools(tree))
    for member, value in tree.items():
        if member in _SETTINGS:
            continue
        if member in _SCANNED:
            reader.strings((member,), value, "definition")
        else:
            reader.unknown((member,), value, "definition")
    choice = tree.get("tool_choice")
    output_format = tree.get("response_format")
    return Request(
        tree=tree,
        model=model,
        stream=boolean(tree, "stream"),
        texts=tuple(reader.texts),
        messages=len(messages),
        choices=count(tree, "n", 1, _CHOICES_MAX) or 1,
        output_limit=count(tree, "max_completion_tokens", 1) or count(tree, "max_tokens", 1),
        tools=tools,
        calls=tuple(reader.calls),
        results=tuple(reader.results),
        images=reader.images,
        files=reader.files,
        unboundable=() if tree.keys().isdisjoint(_UNBOUNDABLE) else tuple(n for n in _UNBOUNDABLE if asked(tree, n)),
        wants_usage=_wants_usage(tree),
        strict_format=type(output_format) is dict and output_format.get("type") in ("json_object", "json_schema"),
        forced_tool=choice == "required" or type(choice) is dict,
        frame_bytes=reader.frame_bytes,
        kept=bool(tree.get("store")),
    )


def _tools(tree: dict[str, Any]) -> Iterator[ToolDefinition]:
    tools = tree.get("tools")
    if tools is None:
        functions = tree.get("functions") or ()
        if type(functions) not in (list, tuple):
            raise wrong("functions", "a list")
        tools = [{"type": "function", "function": function} for function in functions]
    if type(tools) is not list:
        raise wrong("tools", "a list")
    for number, tool in enumerate(tools):
        if type(tool) is not dict:
            raise wrong(f"tools[{number}]", "an object")
        kind = tool.get("type")
        inner = tool.get(kind) if kind in ("function", "custom") else None
        if inner is None:
            yield ToolDefinition(str(kind), None, hosted=True)
        elif type(inner) is not dict or type(inner.get("name")) is not str:
            raise wrong(f"tools[{number}].{kind}", "an object with a name")
        else:
            yield ToolDefinition(inner["name"], inner.get("parameters"), free=kind == "custom")


def _wants_usage(tree: dict[str, Any]) -> bool:
    options = tree.get("stream_options")
    if options is None:
        return False
    if type(options) is not dict:
        raise wrong("stream_options", "an object")
    return boolean(options, "include_usage")
