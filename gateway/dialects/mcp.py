"""The Model Context Protocol over streamable HTTP: one JSON-RPC message a POST; its answer, or a stream to it.

2025-11-25 has sessions and a handshake, 2026-07-28 says all that in each message's `_meta`: both pass, because the
relay keeps no state of a session. `tools/call`, `resources/read` and `prompts/get` are tool calls in the life; METHODS
are relayed; all else is refused, sampling included. A refused call is a result with `isError`, which agents can read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..call import Event, Part, Request, Text, ToolCall
from ..errors import Ending, InvalidRequest, UnsupportedRoute
from .seam import Fresh
from .strict import decode_reply, encode
from .tool_call import ResultPart, ToolReader, own_event

CALLS = {"tools/call": "name", "resources/read": "uri", "prompts/get": "name"}
METHODS = frozenset(
    {
        *("initialize", "ping", "server/discover", "tools/list", "resources/list", "resources/templates/list"),
        *("prompts/list", "completion/complete", "logging/setLevel"),
        *("notifications/initialized", "notifications/cancelled", "notifications/progress"),
    }
)
CALL_ID = "io.tollhouse/tool-call-id"
_NAME_CHARS_MAX = 128


class McpDialect:
    """The dialect of one server's place; `of` binds it to a message, whose id every answer carries."""

    name = "tool_mcp"
    repeats = False
    no_arguments = ""

    def __init__(self, server: str, message: Mapping[str, Any] | None = None) -> None:
        self.server = server
        self._message = message or {}

    def of(self, request: Request) -> "McpDialect":
        """Return the dialect for one request."""
        return McpDialect(self.server, request.tree["message"])

    @property
    def method(self) -> str:
        """The message's method."""
        return str(self._message.get("method", ""))

    @property
    def status(self) -> int:
        """The status of every answer: 202 for a notification or a client's own answer, which have none."""
        return 200 if "id" in self._message and self.method else 202

    def headers(self, sent: Mapping[str, str], betas: Sequence[str]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return the protocol's own headers; the session is the offer's."""
        return [(name, value) for name, value in sent.items() if name.startswith("mcp-") and name != "mcp-session-id"]

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a message."""
        if type(tree) is not dict or tree.get("jsonrpc") != "2.0":
            raise InvalidRequest("the body must be one JSON-RPC 2.0 message")
        method, params = tree.get("method"), tree.get("params", {})
        if "id" in tree and type(tree["id"]) not in (str, int):
            raise InvalidRequest("an id is a text or a whole number")
        if "method" not in tree and "id" in tree and ("result" in tree or "error" in tree):
            return self._answered(tree)
        if type(method) is not str or type(params) is not dict:
            raise InvalidRequest("a message needs a method, and params that are an object")
        member = CALLS.get(method)
        if member is None:
            if method not in METHODS:
                raise UnsupportedRoute(f"{method[:64]} is not relayed", param="method")
            return Request({"message": tree, "arguments": {}}, self.server, stream=False, texts=())
        if type(params.get(member)) is not str or "id" not in tree:
            raise InvalidRequest(f"{method} needs an id and params.{member}", param=f"params.{member}")
        name = params[member][:_NAME_CHARS_MAX] if method == "tools/call" else method
        arguments = params.get("arguments", {}) if method != "resources/read" else {"uri": params["uri"]}
        if method == "prompts/get":
            arguments = {"name": params["name"], **arguments}
        if type(arguments) is not dict:
            raise InvalidRequest("arguments must be an object", param="params.arguments")
        meta = params.get("_meta")
        call_id = meta.get(CALL_ID, "") if type(meta) is dict else ""
        executes = ToolCall(
            call_id if type(call_id) is str else "", f"{self.server}.{name}", encode(arguments).decode()
        )
        return Request(
            {"message": tree, "arguments": arguments}, executes.name, stream=False, texts=(), executes=executes
        )

    def _answered(self, tree: dict[str, Any]) -> Request:
        """Return what a client answers to a server's own question; the texts are a person's."""
        result = tree.get("result")
        content = result.get("content") if type(result) is dict else None
        texts = [
            Text(("message", "result", "content", name), value, "user")
            for name, value in (content.items() if type(content) is dict else ())
            if type(value) is str
        ]
        return Request({"message": tree, "arguments": {}}, self.server, stream=False, texts=tuple(texts))

    @staticmethod
    def takes_stream(request: Request, accept: str) -> bool:
        """Whether a client takes the answer to this message as a stream: what a call's server says meanwhile too."""
        return request.executes is not None and "text/event-stream" in accept

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as it is."""
        return request

    def reader(self, request: Request, fresh: Fresh | None = None) -> "McpReader":  # noqa: ARG002
        """Return a reader of one answer."""
        return McpReader()

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Never asked: an answer is whole."""
        raise NotImplementedError

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:  # noqa: ARG002
        """Return a result of our own making."""
        return [own_event(self._said(text, failed=False), [], failed=False)]

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Return the event: an answer proposes nothing."""
        return event, {}

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:  # noqa: ARG002
        """Return the event: an answer proposes nothing."""
        return [event]

    def renew(self, event: Event, reply_id: str) -> None:  # noqa: ARG002
        """Give a repeated answer the id of the message that it answers now."""
        if event.tree and "id" in self._message and "method" not in event.tree:
            event.tree["id"] = self._message["id"]

    def ask_again(self, request: Request, answer: str, message: str) -> Request:  # noqa: ARG002
        """Return the request: no model is asked."""
        return request

    def write(self, event: Event) -> bytes:
        """Return the message as an event of a stream."""
        return b"event: message\ndata: %b\n\n" % self.write_plain(event)

    def write_plain(self, event: Event) -> bytes:
        """Return the message; nothing for a notification."""
        return encode(event.tree) if event.tree else b""

    def _said(self, text: str, *, failed: bool, **meta: Any) -> dict[str, Any]:
        result: dict[str, Any] = {"content": [{"type": "text", "text": text}], "isError": failed}
        result["resultType"] = "complete"
        if meta:
            result["_meta"] = {f"io.tollhouse/{name}": value for name, value in meta.items()}
        return {"jsonrpc": "2.0", "id": self._message.get("id"), "result": result}

    def error(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending: of a tool call as its result, else as a JSON-RPC error."""
        if self._message and "id" not in self._message:
            return b""
        told = {"code": ending.code, "call_id": call_id, **ending.told}
        if self.method == "tools/call":
            return encode(self._said(ending.message, failed=True, **told))
        code = (
            -32602 if isinstance(ending, InvalidRequest) else -32601 if isinstance(ending, UnsupportedRoute) else -32000
        )
        error = {"code": code, "message": ending.message, "data": told}
        return encode({"jsonrpc": "2.0", "id": self._message.get("id"), "error": error})

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the same within a stream."""
        return b"event: message\ndata: %b\n\n" % self.error(ending, call_id)


class McpReader(ToolReader):
    """Reads one answer, or the messages before it and then the answer."""

    def __init__(self) -> None:
        self.finished = False

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:  # noqa: ARG002
        """Return the messages; the one that answers is terminal."""
        events = []
        for payload in payloads:
            event = self.plain(payload)
            if event.tree and "method" in event.tree:
                params = event.tree.get("params")
                parts = _told(params) if type(params) is dict else []
                event = Event(event.tree, parts, whole=True)
            else:
                self.finished = True
            events.append(event)
        return events

    def plain(self, body: bytes) -> Event:
        """Return the one event; its texts are results, which are untrusted."""
        tree = decode_reply(body) if body else {}
        result = tree.get("result") if type(tree) is dict else None
        failed = "error" in tree or (type(result) is dict and result.get("isError") is True)
        return own_event(tree, list(_parts(result)) if type(result) is dict else [], failed=failed)


def _told(params: dict[str, Any]) -> list[Part]:
    """Return the texts of a notification, or of a server's question: its message, its data."""
    return [ResultPart(params, name, lane=name) for name in ("message", "data", "prompt") if params.get(name)]


def _parts(result: dict[str, Any]) -> list[Part]:
    found: list[Part] = []
    for holder in (*(result.get("content") or ()), *(result.get("contents") or ())):
        if type(holder) is dict:
            inner = holder.get("resource") if type(holder.get("resource")) is dict else holder
            if type(inner) is dict and type(inner.get("text")) is str:
                found.append(ResultPart(inner, "text"))
    for message in result.get("messages") or ():
        content = message.get("content") if type(message) is dict else None
        if type(content) is dict and type(content.get("text")) is str:
            found.append(ResultPart(content, "text"))
    if type(result.get("structuredContent")) is dict:
        found.append(ResultPart(result, "structuredContent"))
    return found
