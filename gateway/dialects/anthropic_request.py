"""The neutral view of a Messages request: every text, tool, call and result, and what it may cost.

Shapes are checked only as far as they are read. Members that are unknown here go on, but never unseen: their strings
are scanned and their bytes count. A kind of block that is unknown counts as a file: its cost is not in the body.
"""

from collections.abc import Iterator
from typing import Any

from ..call import Path, Request, ToolCall, ToolDefinition, ToolResult
from . import body
from .body import Collected, wrong
from .hosted import BLOCKS, of_messages
from .strict import encode

_ROLES = {"user": "user", "assistant": "assistant", "system": "system"}
# Tools that the provider knows but the client runs; all other types with a version run at the provider.
_CLIENT_TOOLS = ("bash_", "text_editor_", "memory_")
# They name what lies at the provider, or speak for somebody else there.
_STATE = ("container", "mcp_servers", "diagnostics", "user_profile_id", "workspace_id")
# Members that hold names and numbers of the API alone; those whose strings are scanned and bytes counted elsewhere.
_SETTINGS = frozenset(
    [
        *("model", "messages", "system", "max_tokens", "stream", "thinking", "tool_choice", "service_tier", "speed"),
        *("inference_geo", "temperature", "top_p", "top_k", "cache_control", "context_management"),
    ]
)
_SCANNED = ("tools", "metadata", "stop_sequences")
_KNOWN = _SETTINGS | {*_SCANNED}
_BLOCKS = {
    "text": frozenset({"text", "citations"}),
    "image": frozenset({"source"}),
    "document": frozenset({"title", "context", "source", "citations"}),
    "tool_use": frozenset({"id", "name", "input"}),
    "tool_result": frozenset({"tool_use_id", "content", "is_error"}),
    "search_result": frozenset({"source", "title", "content", "citations"}),
    "thinking": frozenset({"thinking", "signature"}),
    "redacted_thinking": frozenset({"data"}),
    "tool_reference": frozenset({"tool_name"}),
}
_MESSAGE = frozenset({"role", "content"})
_EVERY_BLOCK = frozenset({"type", "cache_control"})
_FORMATS = ("json_schema", "json_object")


class _Messages(Collected):
    """Collects while walking one body."""

    __slots__ = ()

    def message(self, at: int, message: Any) -> None:
        """Read one message."""
        here: Path = ("messages", at)
        if type(message) is not dict:
            raise wrong(body.place(here), "an object")
        role = message.get("role")
        kind = _ROLES.get(role) if type(role) is str else None
        if kind is None:
            raise wrong(f"messages[{at}].role", "one of user, assistant, system")
        self.messages += 1
        self.content(here, message, kind)
        self.rest(here, message, _MESSAGE, kind)

    def content(self, path: Path, holder: dict[str, Any], role: str, member: str = "content") -> None:
        """Read a member that is a string or a list of blocks."""
        content = holder.get(member)
        if type(content) is list:
            for number, block in enumerate(content):
                self.block((*path, member, number), block, role)
        else:
            self.text(path, holder, member, role)

    def block(self, path: Path, block: Any, role: str) -> None:
        """Read one content block."""
        if type(block) is not dict:
            raise wrong(body.place(path), "an object")
        self.messages += 1  # a block has a frame of its own
        kind = block.get("type")
        known = _BLOCKS.get(kind) if type(kind) is str else None
        if type(kind) is str and kind in BLOCKS:
            self._hosted(path, block)
            return
        if known is None:
            self.files += 1
            self.unknown(path, block, "tool")
            return
        self.rest(path, block, known | _EVERY_BLOCK, role)
        if kind in ("image", "document"):
            self._source(path, block, role)
        elif kind == "tool_use":
            self._call(path, block)
        elif kind == "tool_result":
            self._result(path, block)
        elif kind in ("thinking", "redacted_thinking"):
            for member in known:
                self.opaque(block, member)
        elif kind == "search_result":
            for member in ("source", "title"):
                self.optional(path, block, member, "tool")
            self.content(path, block, "tool")
        else:
            (member,) = known - {"citations"}
            self.text(path, block, member, role)
            self.strings((*path, "citations"), block.get("citations"), role)

    def _source(self, path: Path, block: dict[str, Any], role: str) -> None:
        """Read an image or document: what is in the body, or where it lies."""
        for member in ("title", "context"):
            self.optional(path, block, member, role)
        source, here = block.get("source"), (*path, "source")
        if type(source) is not dict:
            raise wrong(body.place(here), "an object")
        kind = source.get("type")
        if kind == "text":
            self.text(here, source, "data", role)
        elif kind == "content":
            self.content(here, source, role)
        elif source.get("file_id"):
            raise body.elsewhere("file_id")
        else:
            self.optional(here, source, "url", role)
            if block["type"] == "image":
                self.images += 1
            else:
                self.files += 1

    def _call(self, path: Path, block: dict[str, Any]) -> None:
        name = block.get("name")
        if type(name) is not str:
            raise wrong(f"{body.place(path)}.name", "a string")
        if type(block.get("input")) is not dict:
            raise wrong(f"{body.place(path)}.input", "an object")
        arguments = encode(block["input"])
        call_id, where = body.named(path, block, "id")
        self.calls.append(ToolCall(call_id, name, arguments.decode(), where))
        # A tree's strings are scanned one by one; the bytes of all of it are weighed.
        self.frame_bytes += len(arguments) + len(name)
        self.strings((*path, "input"), block["input"], "assistant")

    def _hosted(self, path: Path, block: dict[str, Any]) -> None:
        """Read what a tool at the provider left: found texts are scanned, what is encrypted goes on unread."""
        self.hosted_items += 1
        content = block.get("content")
        found = content if block["type"] == "web_search_tool_result" and type(content) is list else None
        for at, result in enumerate(found or ()):
            if type(result) is not dict:
                raise wrong(f"{body.place(path)}.content[{at}]", "an object")
            self.opaque(result, "encrypted_content")
            self.rest((*path, "content", at), result, ("encrypted_content",), "tool")
        self.rest(path, block, ("type",) if found is None else ("type", "content"), "tool")

    def _result(self, path: Path, block: dict[str, Any]) -> None:
        first = len(self.texts)
        if block.get("content") is not None:
            self.content(path, block, "tool")
        texts = tuple(range(first, len(self.texts)))
        call_id, where = body.named(path, block, "tool_use_id")
        self.results.append(ToolResult(call_id, texts, body.boolean(block, "is_error"), where))


def parse(tree: Any, *, limited: bool = True) -> Request:
    """Return the neutral view, or raise InvalidRequest naming the member that is not as it should be.

    `limited` says that the request may bound its output (counting tokens has no output).
    """
    tree = body.tree_of(tree)
    model = body.model_of(tree)
    body.refuse_state(tree, _STATE)
    reader = _Messages()
    if tree.get("system") is not None:
        reader.content((), tree, "system", "system")
    for at, message in enumerate(body.listed(tree, "messages", body.MESSAGES_MAX)):
        reader.message(at, message)
    tools = tuple(_tools(tree))
    for member in _SCANNED:
        reader.strings((member,), tree.get(member), "definition")
    reader.rest((), tree, _KNOWN, "definition")
    choice = tree.get("tool_choice")
    return Request(
        tree=tree,
        model=model,
        stream=body.boolean(tree, "stream") and limited,
        texts=tuple(reader.texts),
        messages=reader.messages,
        output_limit=body.count(tree, "max_tokens", 0) if limited else 1,
        thinking_budget=_thinking(tree),
        tools=tools,
        calls=tuple(reader.calls),
        results=tuple(reader.results),
        images=reader.images,
        files=reader.files,
        unboundable=tuple(_unboundable(tree)),
        wants_usage=True,
        strict_format=_strict(tree),
        forced_tool=type(choice) is dict and choice.get("type") in ("any", "tool"),
        opaque_bytes=reader.opaque_bytes,
        frame_bytes=reader.frame_bytes,
        hosted_items=reader.hosted_items,
    )


def _tools(tree: dict[str, Any]) -> Iterator[ToolDefinition]:
    tools = tree.get("tools")
    if tools is None:
        return
    if type(tools) is not list:
        raise wrong("tools", "a list")
    for number, tool in enumerate(tools):
        if type(tool) is not dict:
            raise wrong(f"tools[{number}]", "an object")
        kind, name = tool.get("type") or "custom", tool.get("name")
        if type(kind) is not str:
            raise wrong(f"tools[{number}].type", "a string")
        ours = kind == "custom"
        if ours or kind.startswith(_CLIENT_TOOLS):
            if type(name) is not str:
                raise wrong(f"tools[{number}].name", "a string")
            yield ToolDefinition(name, tool.get("input_schema") if ours else None)
        else:
            yield of_messages(tool, f"tools[{number}]")


def _thinking(tree: dict[str, Any]) -> int:
    thinking = tree.get("thinking")
    if thinking is None:
        return 0
    if type(thinking) is not dict:
        raise wrong("thinking", "an object")
    if thinking.get("type") != "enabled":
        return 0
    budget = thinking.get("budget_tokens")
    if type(budget) is not int or not 0 <= budget <= 2**31:
        raise wrong("thinking.budget_tokens", "an integer")
    return budget


def _strict(tree: dict[str, Any]) -> bool:
    config = tree.get("output_config")
    asked = config.get("format") if type(config) is dict else tree.get("output_format")
    return type(asked) is dict and asked.get("type") in _FORMATS


def _unboundable(tree: dict[str, Any]) -> Iterator[str]:
    """Yield members that make the call dearer than its price says."""
    if tree.get("speed") not in (None, "standard"):
        yield "speed"
    if tree.get("inference_geo") not in (None, "global"):
        yield "inference_geo"
    management = tree.get("context_management")
    edits = management.get("edits") if type(management) is dict else None
    if type(edits) is list and any(
        type(edit) is dict and str(edit.get("type")).startswith("compact") for edit in edits
    ):
        yield "context_management"
