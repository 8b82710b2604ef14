"""Speaks to one MCP server: an answer may be JSON or a stream; of a stream the answer is what is given on.

What a server asks of its client within a stream (sampling, elicitation, roots) is refused at once, to the server: there
is nobody behind the gateway who could be asked, and a model would be called unmetered. Notifications are dropped.
"""

from collections.abc import AsyncIterator, Sequence

import orjson

from ..upstream.failure import UpstreamFailure
from ..upstream.interface import Upstream, UpstreamReply, UpstreamRequest
from ..upstream.sse import SseParser, SseTooLargeError

_REFUSED = {"code": -32601, "message": "this client is a gateway: it samples, elicits and lists nothing"}


class McpClient:
    """An `Upstream` over another one."""

    def __init__(self, inner: Upstream) -> None:
        self._inner = inner

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Send a message and wait for the answer's head."""
        reply = await self._inner.send(request)
        if not (reply.header("content-type") or "").startswith("text/event-stream"):
            return reply
        return _Streamed(self._inner, request, reply)

    async def close(self) -> None:
        """Close all connections."""
        await self._inner.close()


class _Streamed:
    """An answer that comes in a stream, read to the message that answers."""

    def __init__(self, inner: Upstream, request: UpstreamRequest, reply: UpstreamReply) -> None:
        self._inner = inner
        self._request = request
        self._reply = reply
        self._id = orjson.loads(request.body).get("id")

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return self._reply.headers

    def header(self, name: str) -> str | None:
        return self._reply.header(name)

    def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:
        return self._reply.chunks(size_bytes_max)

    def abort(self) -> None:
        self._reply.abort()

    async def read(self, size_bytes_max: int) -> bytes:
        """Return the answer; UpstreamFailure if the stream ends without one."""
        parser = SseParser(size_bytes_max)
        try:
            async for chunk in self._reply.chunks(size_bytes_max):
                for payload in parser.feed(chunk):
                    message = orjson.loads(payload)
                    if type(message) is dict and "method" not in message and message.get("id") == self._id:
                        self._reply.abort()
                        return payload
                    if type(message) is dict and "method" in message and "id" in message:
                        await self._refuse(message["id"])
        except (orjson.JSONDecodeError, SseTooLargeError) as error:
            raise _broken("unreadable") from error
        raise _broken("no_answer")

    async def _refuse(self, asked_id: object) -> None:
        body = orjson.dumps({"jsonrpc": "2.0", "id": asked_id, "error": _REFUSED})
        request = self._request
        told = UpstreamRequest("POST", request.url, request.headers, body, request.timeouts)
        reply = await self._inner.send(told)
        reply.abort()


def _broken(cause: str) -> UpstreamFailure:
    return UpstreamFailure(cause, source="upstream", phase="body", sent=True, retryable=False)
