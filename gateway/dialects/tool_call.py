"""Our own dialect of tool calls: `/v1/tools/{name}/call`, `/authorize` and `/result`, plain only.

call       {"arguments": {…}}                         -> {"id", "object": "tool.result", "tool", "is_error", "result"}
authorize  {"arguments": {…}}                         -> {"id", "object": "tool.authorization", "tool", "authorised"},
           with "arguments" where others are allowed than were sent: edited by an approver, or of a tool that remembers
result     {"tool_call_id", "result": …, "is_error"?} -> as of call; `result` as it may go to a model
"""

from collections.abc import Sequence
from typing import Any, Literal

from limits.prices import Usage

from ..call import Event, Part, Request, Text, ToolCall, ToolResult
from ..errors import Ending, InvalidRequest, UpstreamError
from .openai_form import OpenAIForm
from .seam import Fresh
from .strict import decode_reply, encode

Action = Literal["call", "authorize", "result"]
ID_CHARS_MAX = 128
_MEMBERS = {"call": {"arguments"}, "authorize": {"arguments"}, "result": {"tool_call_id", "result", "is_error"}}
_FREE = Usage(0, 0)


class ResultPart(Part):
    """A tool's result: its text is a text as it stands, a tree as JSON."""

    __slots__ = ()

    def __init__(self, holder: dict[str, Any], member: str = "result", *, lane: str = "r") -> None:
        super().__init__("result", 0, lane, holder, member)

    @property
    def text(self) -> str:
        """The result as text."""
        value = self.holder[self.member]
        return value if type(value) is str else encode(value).decode()

    @text.setter
    def text(self, value: str) -> None:
        if value == self.text:
            return
        was_text = type(self.holder[self.member]) is str
        self.holder[self.member] = value if was_text else decode_reply(value.encode())


class ToolDialect(OpenAIForm):
    """The dialect of one tool's route; its errors are in OpenAI's form, which clients of the gateway know."""

    def __init__(self, tool: str, action: Action) -> None:
        self.tool = tool
        self.action = action
        self.name = f"tool_{action}"

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a body."""
        if type(tree) is not dict:
            raise InvalidRequest("the body must be a JSON object")
        unknown = tree.keys() - _MEMBERS[self.action]
        if unknown:
            raise InvalidRequest(f"{min(unknown)[:64]!r} is no member of this body", param=min(unknown)[:64])
        if self.action == "result":
            return self._result(tree)
        arguments = tree.get("arguments", {})
        if type(arguments) is not dict:
            raise InvalidRequest("arguments must be an object", param="arguments")
        executes = ToolCall("", self.tool, encode(arguments).decode())
        return Request({"arguments": arguments}, self.tool, stream=False, texts=(), executes=executes)

    def _result(self, tree: dict[str, Any]) -> Request:
        call_id = tree.get("tool_call_id")
        if type(call_id) is not str or not 0 < len(call_id) <= ID_CHARS_MAX:
            raise InvalidRequest("tool_call_id must name the call", param="tool_call_id")
        if "result" not in tree:
            raise InvalidRequest("result is missing", param="result")
        result, failed = tree["result"], tree.get("is_error", False)
        if type(failed) is not bool:
            raise InvalidRequest("is_error must be true or false", param="is_error")
        said = result if type(result) is str else encode(result).decode()
        told = ToolResult(call_id, (0,), failed)
        tree = {"result": said, "is_error": failed}
        texts = (Text(("result",), said, "tool"),)
        return Request(tree, self.tool, stream=False, texts=texts, results=(told,))

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as it is."""
        return request

    def reader(self, request: Request, fresh: Fresh | None = None) -> "ToolReader":  # noqa: ARG002
        """Return a reader of one result."""
        return ToolReader()

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Never asked: a tool's result is whole."""
        raise NotImplementedError

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:  # noqa: ARG002
        """Return a result of our own: the stored text, the authorisation, or the result that was handed in."""
        tree: dict[str, Any] = {"id": reply_id, "object": "tool.result", "tool": self.tool, "is_error": False}
        if self.action == "authorize":
            tree = {"id": reply_id, "object": "tool.authorization", "tool": self.tool, "authorised": True}
            if "allowed" in request.tree:
                tree["arguments"] = request.tree["allowed"]
            return [Event(tree, [], ends=(0,), finish="stop", usage=_FREE, terminal=True, whole=True)]
        if self.action == "result":
            tree |= {"result": request.tree["result"], "is_error": request.tree["is_error"]}
        else:
            tree["result"] = text
        return [_event(tree)]

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Return the event: a result proposes nothing."""
        return event, {}

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:  # noqa: ARG002
        """Return the event: a result proposes nothing."""
        return [event]

    def renew(self, event: Event, reply_id: str) -> None:
        """Give a repeated result a fresh id."""
        if event.tree is not None:
            event.tree["id"] = f"call_{reply_id}"

    def ask_again(self, request: Request, answer: str, message: str) -> Request:  # noqa: ARG002
        """Return the request: no model is asked."""
        return request

    def write(self, event: Event) -> bytes:
        """Return the body: there are no streams here."""
        return self.write_plain(event)

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the same: there are no streams here."""
        return self.error(ending, call_id)


class ToolReader:
    """Reads one result, as `tools.outgoing.result_of` wrote it."""

    finished = True

    def plain(self, body: bytes) -> Event:
        """Return the one event."""
        tree = decode_reply(body)
        if type(tree) is not dict:
            raise UpstreamError("the tool's answer cannot be read")
        return _event(tree) if "result" in tree else _event(tree, parts=False)

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:  # noqa: ARG002
        """Return nothing: there are no streams here."""
        return []


def _event(tree: dict[str, Any], *, parts: bool = True) -> Event:
    return own_event(tree, [ResultPart(tree)] if parts else [], failed=bool(tree.get("is_error")))


def own_event(tree: dict[str, Any], parts: list[Part], *, failed: bool) -> Event:
    """Return the one event of an answer that costs no tokens."""
    finish = "error" if failed else "stop"
    return Event(tree, parts, ends=(0,), finish=finish, usage=_FREE, terminal=True, whole=True)
