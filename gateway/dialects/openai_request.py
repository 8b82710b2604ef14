"""The neutral view of a Chat Completions request: every text, tool, call and result, and what it may cost.

Shapes are checked only as far as they are read; members that are unknown here go on unchanged.
"""

from collections.abc import Iterator
from typing import Any

from ..call import Path, Request, Text, ToolCall, ToolDefinition, ToolResult
from ..errors import InvalidRequest

_CHOICES_MAX = 128
_MESSAGES_MAX = 10_000
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
# Members whose cost the body does not tell: hosted searches, spoken output, server-side state.
_UNBOUNDABLE = ("web_search_options", "audio", "conversation", "background")


class _Reader:
    """Collects while walking one body."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.calls: list[ToolCall] = []
        self.results: list[ToolResult] = []
        self.images = 0
        self.files = 0

    def message(self, at: int, message: Any) -> None:
        """Read one message."""
        if type(message) is not dict:
            raise _wrong(f"messages[{at}]", "an object")
        role = message.get("role")
        kind = _ROLES.get(role) if type(role) is str else None
        if kind is None:
            if role != "function":
                raise _wrong(f"messages[{at}].role", "one of system, developer, user, assistant, tool")
            kind = "tool"
        first = len(self.texts)
        content = message.get("content")
        if type(content) is str:
            self.texts.append(Text(("messages", at, "content"), content, kind))
        elif type(content) is list:
            for number, part in enumerate(content):
                self._part(("messages", at, "content", number), part, kind)
        elif content is not None:
            raise _wrong(f"messages[{at}].content", "a string, a list of parts or null")
        for member in ("refusal", "name", "reasoning_content"):
            self._optional(("messages", at, member), message, member, kind)
        if kind == "tool":
            self.results.append(ToolResult(str(message.get("tool_call_id", "")), tuple(range(first, len(self.texts)))))
        calls = message.get("tool_calls")
        if calls:
            self._calls(at, calls)

    def _part(self, path: Path, part: Any, kind: str) -> None:
        if type(part) is not dict:
            raise _wrong(_place(path), "an object")
        what = part.get("type")
        if what in ("text", "refusal"):
            if type(part.get(what)) is not str:
                raise _wrong(f"{_place(path)}.{what}", "a string")
            self.texts.append(Text((*path, what), part[what], kind))
        elif what == "image_url":
            self.images += 1
        else:
            self.files += 1

    def _calls(self, at: int, calls: Any) -> None:
        if type(calls) is not list:
            raise _wrong(f"messages[{at}].tool_calls", "a list")
        for number, call in enumerate(calls):
            place = f"messages[{at}].tool_calls[{number}]"
            if type(call) is not dict:
                raise _wrong(place, "an object")
            member, inner = ("input", "custom") if "custom" in call else ("arguments", "function")
            function = call.get(inner)
            if type(function) is not dict or type(function.get("name")) is not str:
                raise _wrong(f"{place}.{inner}", "an object with a name")
            arguments = function.get(member)
            if type(arguments) is not str:
                raise _wrong(f"{place}.{inner}.{member}", "a string")
            self.calls.append(ToolCall(str(call.get("id", "")), function["name"], arguments))
            self.texts.append(Text(("messages", at, "tool_calls", number, inner, member), arguments, "arguments"))

    def _optional(self, path: Path, holder: dict[str, Any], member: str, kind: str) -> None:
        value = holder.get(member)
        if value is None:
            return
        if type(value) is not str:
            raise _wrong(_place(path), "a string")
        self.texts.append(Text(path, value, kind))

    def strings(self, path: Path, node: Any, kind: str) -> None:
        """Collect every string value below a node (tool definitions, schemas, metadata); names stay as they are."""
        if type(node) is str:
            self.texts.append(Text(path, node, kind))
        elif type(node) is dict:
            for name, value in node.items():
                self.strings((*path, name), value, kind)
        elif type(node) is list:
            for number, value in enumerate(node):
                self.strings((*path, number), value, kind)


def parse(tree: Any) -> Request:
    """Return the neutral view, or raise InvalidRequest naming the member that is not as it should be."""
    if type(tree) is not dict:
        raise InvalidRequest("the body must be a JSON object")
    model = tree.get("model")
    if type(model) is not str or not model:
        raise _wrong("model", "a non-empty string")
    messages = tree.get("messages")
    if type(messages) is not list or not messages:
        raise _wrong("messages", "a non-empty list")
    if len(messages) > _MESSAGES_MAX:
        raise InvalidRequest(
            f"messages holds {len(messages)}; at most {_MESSAGES_MAX} are taken", param="messages", limit=_MESSAGES_MAX
        )
    reader = _Reader()
    for at, message in enumerate(messages):
        reader.message(at, message)
    tools = tuple(_tools(tree))
    for member in ("tools", "functions", "response_format", "metadata", "user", "prediction"):
        if member in tree:
            reader.strings((member,), tree[member], "definition")
    choice = tree.get("tool_choice")
    output_format = tree.get("response_format")
    return Request(
        tree=tree,
        model=model,
        stream=_boolean(tree, "stream"),
        texts=tuple(reader.texts),
        messages=len(messages),
        choices=_count(tree, "n", 1, _CHOICES_MAX) or 1,
        output_limit=_count(tree, "max_completion_tokens", 1) or _count(tree, "max_tokens", 1),
        tools=tools,
        calls=tuple(reader.calls),
        results=tuple(reader.results),
        images=reader.images,
        files=reader.files,
        unboundable=tuple(name for name in _UNBOUNDABLE if tree.get(name)),
        wants_usage=_wants_usage(tree),
        strict_format=type(output_format) is dict and output_format.get("type") in ("json_object", "json_schema"),
        forced_tool=choice == "required" or type(choice) is dict,
    )


def _tools(tree: dict[str, Any]) -> Iterator[ToolDefinition]:
    tools = tree.get("tools")
    if tools is None:
        tools = [{"type": "function", "function": function} for function in tree.get("functions") or ()]
    if type(tools) is not list:
        raise _wrong("tools", "a list")
    for number, tool in enumerate(tools):
        if type(tool) is not dict:
            raise _wrong(f"tools[{number}]", "an object")
        kind = tool.get("type")
        inner = tool.get(kind) if kind in ("function", "custom") else None
        if inner is None:
            yield ToolDefinition(str(kind), None, hosted=True)
        elif type(inner) is not dict or type(inner.get("name")) is not str:
            raise _wrong(f"tools[{number}].{kind}", "an object with a name")
        else:
            yield ToolDefinition(inner["name"], inner.get("parameters"), free=kind == "custom")


def _wants_usage(tree: dict[str, Any]) -> bool:
    options = tree.get("stream_options")
    if options is None:
        return False
    if type(options) is not dict:
        raise _wrong("stream_options", "an object")
    return _boolean(options, "include_usage")


def _boolean(tree: dict[str, Any], member: str) -> bool:
    value = tree.get(member)
    if value is not None and type(value) is not bool:
        raise _wrong(member, "true or false")
    return bool(value)


def _count(tree: dict[str, Any], member: str, least: int, most: int = 2**31) -> int | None:
    value = tree.get(member)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise _wrong(member, f"an integer from {least} to {most}")
    return value


def _place(path: Path) -> str:
    place = ""
    for step in path:
        place += f"[{step}]" if type(step) is int else f".{step}" if place else str(step)
    return place


def _wrong(place: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{place} must be {expected}", param=place)
