"""The neutral view of a Responses request: every text, tool, call and result, and what it may cost.

Shapes are checked only as far as they are read. Members that are unknown here go on, but never unseen: their strings
are scanned and their bytes count. A kind of item that is unknown counts as a file: its cost is not in the body.
"""

from collections.abc import Iterator
from typing import Any

from ..call import Path, Request, ToolCall, ToolDefinition, ToolResult
from ..errors import UnboundedCost
from . import body
from .body import Collected, wrong
from .hosted import ITEMS, of_responses

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
# It names what lies at the provider.
_STATE = ("prompt",)
_UNBOUNDABLE = ("context_management", "moderation", "image")
# Members that hold names and numbers of the API alone; those whose strings are scanned and bytes counted elsewhere.
_SETTINGS = frozenset(
    [
        *("model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p", "top_logprobs"),
        *("reasoning", "include", "store", "tool_choice", "parallel_tool_calls", "service_tier", "truncation"),
        *(
            "previous_response_id",
            "conversation",
            "max_tool_calls",
            "stream_options",
            "prompt_cache_retention",
            "prompt_cache_options",
        ),
    ]
)
_SCANNED = ("tools", "metadata", "user", "safety_identifier", "prompt_cache_key")
_KNOWN = _SETTINGS | {*_SCANNED}
_ITEM = frozenset(
    [
        *("type", "role", "content", "id", "status", "phase", "call_id", "name", "namespace", "arguments", "input"),
        *("output", "summary", "encrypted_content"),
    ]
)
_PART = frozenset({"type", "text", "refusal", "image_url", "detail", "logprobs"})
_TEXTS = frozenset({"input_text", "output_text", "summary_text", "reasoning_text", "text"})
_FORMATS = ("json_object", "json_schema")
CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_RESULTS = ("function_call_output", "custom_tool_call_output")


class _Items(Collected):
    """Collects while walking one body."""

    __slots__ = ()

    def item(self, here: Path, item: Any) -> None:
        """Read one item."""
        if type(item) is not dict:
            raise wrong(body.place(here), "an object")
        self.messages += 1
        kind = item.get("type", "message")
        if type(kind) is not str:
            raise wrong(f"{body.place(here)}.type", "a string")
        if kind == "message":
            role = item.get("role")
            if type(role) is not str or role not in _ROLES:
                raise wrong(f"{body.place(here)}.role", "one of user, assistant, system, developer")
            self.content(here, item, "content", _ROLES[role])
        elif kind in CALLS:
            self._call(here, item, CALLS[kind])
        elif kind in _RESULTS:
            first = len(self.texts)
            self.content(here, item, "output", "tool")
            texts = tuple(range(first, len(self.texts)))
            call_id, where = body.named(here, item, "call_id")
            self.results.append(ToolResult(call_id, texts, at=where))
        elif kind in ("reasoning", "compaction"):
            for member in ("summary", "content") if kind == "reasoning" else ():
                if item.get(member) is not None:
                    self.content(here, item, member, "assistant")
            self.opaque(item, "encrypted_content")
        elif kind == "item_reference":
            raise body.elsewhere("item_reference")
        else:
            self.hosted_items += kind in ITEMS
            self.files += kind not in ITEMS
            self.unknown(here, item, "tool")
            return
        self.rest(here, item, _ITEM, "user")

    def content(self, path: Path, holder: dict[str, Any], member: str, role: str) -> None:
        """Read a member that is a string or a list of parts."""
        content = holder.get(member)
        if type(content) is not list:
            self.text(path, holder, member, role)
            return
        for number, part in enumerate(content):
            here = (*path, member, number)
            if type(part) is not dict:
                raise wrong(body.place(here), "an object")
            kind = part.get("type")
            if type(kind) is not str:
                raise wrong(f"{body.place(here)}.type", "a string")
            if kind in _TEXTS:
                self.text(here, part, "text", role)
            elif kind == "refusal":
                self.text(here, part, "refusal", role)
            elif part.get("file_id"):
                raise body.elsewhere("file_id")
            elif kind == "input_image":
                self.images += 1
                if not str(part.get("image_url")).startswith("data:"):
                    self.optional(here, part, "image_url", role)
            else:
                self.files += 1
            self.rest(here, part, _PART, role)

    def _call(self, path: Path, item: dict[str, Any], member: str) -> None:
        name = item.get("name")
        if type(name) is not str:
            raise wrong(f"{body.place(path)}.name", "a string")
        self.text(path, item, member, "arguments")
        call_id, where = body.named(path, item, "call_id")
        self.calls.append(ToolCall(call_id, name, item[member], where))
        self.frame_bytes += len(name)


def parse(tree: Any) -> Request:
    """Return the neutral view, or raise InvalidRequest naming the member that is not as it should be."""
    tree = body.tree_of(tree)
    model = body.model_of(tree)
    body.refuse_state(tree, _STATE)
    _refuse_background(tree)
    reader = _Items()
    reader.optional((), tree, "instructions", "system")
    if type(tree.get("input")) is str:
        reader.text((), tree, "input", "user")
        reader.messages = 1
    else:
        for at, item in enumerate(body.listed(tree, "input", body.MESSAGES_MAX)):
            reader.item(("input", at), item)
    tools = tuple(_tools(tree))
    before, conversation = _follows(tree)
    for member in _SCANNED:
        reader.strings((member,), tree.get(member), "definition")
    reader.rest((), tree, _KNOWN, "definition")
    return Request(
        tree=tree,
        model=model,
        stream=body.boolean(tree, "stream"),
        texts=tuple(reader.texts),
        messages=reader.messages + 1,
        output_limit=body.count(tree, "max_output_tokens", 1),
        tools=tools,
        calls=tuple(reader.calls),
        results=tuple(reader.results),
        images=reader.images,
        files=reader.files,
        unboundable=tuple(name for name in _UNBOUNDABLE if body.asked(tree, name)),
        wants_usage=True,
        strict_format=_strict(tree),
        forced_tool=_forced(tree.get("tool_choice")),
        opaque_bytes=reader.opaque_bytes,
        frame_bytes=reader.frame_bytes,
        follows=tuple(each for each in (before, conversation) if each is not None),
        grows=conversation,
        kept=tree.get("store") is not False,
        hosted_items=reader.hosted_items,
        uses_max=body.count(tree, "max_tool_calls", 1),
    )


def items_of(tree: dict[str, Any], member: str) -> body.Collected:
    """Return what a list of items holds that is no input of a response; of nothing if there is none."""
    reader = _Items()
    if tree.get(member):
        for at, item in enumerate(body.listed(tree, member, body.MESSAGES_MAX)):
            reader.item((member, at), item)
    return reader


def _refuse_background(tree: dict[str, Any]) -> None:
    if body.asked(tree, "background"):
        raise UnboundedCost(
            "background: the answer would come after this call has ended, and what it costs could not be settled with "
            "it; ask without background, as a stream if it takes long",
            param="background",
        )


def _follows(tree: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the response and the conversation that the request goes on from."""
    before, conversation = tree.get("previous_response_id"), tree.get("conversation")
    if before is not None and type(before) is not str:
        raise wrong("previous_response_id", "a string")
    if type(conversation) is dict:
        conversation = conversation.get("id", "")
    if conversation is not None and type(conversation) is not str:
        raise wrong("conversation", "an id")
    return before, conversation


def _tools(tree: dict[str, Any]) -> Iterator[ToolDefinition]:
    tools = tree.get("tools")
    if tools is None:
        return
    if type(tools) is not list:
        raise wrong("tools", "a list")
    for number, tool in enumerate(tools):
        if type(tool) is not dict or type(tool.get("type")) is not str:
            raise wrong(f"tools[{number}]", "an object with a type")
        kind, name = tool["type"], tool.get("name")
        if kind not in ("function", "custom"):
            yield of_responses(tool, f"tools[{number}]")
        elif type(name) is not str:
            raise wrong(f"tools[{number}].name", "a string")
        else:
            yield ToolDefinition(name, tool.get("parameters"), free=kind == "custom")


def _strict(tree: dict[str, Any]) -> bool:
    text = tree.get("text")
    asked = text.get("format") if type(text) is dict else None
    return type(asked) is dict and asked.get("type") in _FORMATS


def _forced(choice: Any) -> bool:
    if type(choice) is dict:
        return choice.get("type") != "allowed_tools" or choice.get("mode") == "required"
    return bool(choice == "required")
