"""The `Upstream` over aiohttp: one session, no cookies, no redirects, no proxy from the environment, no decompression.

aiohttp never repeats a POST by itself, so `send` never sends twice. Its `sock_read` is the first-byte timeout until the
head is there, the idle timeout afterwards.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Self

import aiohttp
from aiohttp import payload
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict
from yarl import URL

from .egress import Egress, EgressRefusedError
from .failure import Phase, Source, UpstreamFailure
from .inflate import Inflate, InflateError, InflateTooLargeError
from .interface import UpstreamRequest

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        "accept-encoding",
        "expect",
        "content-encoding",
    }
)
URLS_MAX = 1_024
PIECE_BYTES = 256 * 1024


class AiohttpUpstream:
    """An `Upstream`; make it anywhere, it opens its session with the first send.

    `connections_max` bounds sockets in all, `connections_per_host_max` those to one host and port (0: no own bound);
    `keep_alive_s` should be shorter than the provider's own, so that a connection is rarely closed under a request.
    """

    def __init__(
        self,
        *,
        egress: Egress | None = None,
        connections_max: int = 1_000,
        connections_per_host_max: int = 0,
        keep_alive_s: float = 15.0,
        header_line_bytes_max: int = 8_190,
        headers_max: int = 128,
        dns_ttl_s: int = 30,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._egress = egress or Egress()
        self._connections_max = connections_max
        self._connections_per_host_max = connections_per_host_max
        self._keep_alive_s = keep_alive_s
        self._header_line_bytes_max = header_line_bytes_max
        self._headers_max = headers_max
        self._dns_ttl_s = dns_ttl_s
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def send(self, request: UpstreamRequest) -> AiohttpReply:
        """See `Upstream.send`."""
        session = self._session or self._open()
        headers = CIMultiDict((name, value) for name, value in request.headers if name.lower() not in HOP_BY_HOP)
        headers["accept-encoding"] = "identity"
        body = _WatchedBody(request.body) if request.body else None
        timeouts = request.timeouts
        try:
            response = await session.request(
                request.method,
                self._url(request.url),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=timeouts.total_s, connect=timeouts.connect_s, sock_read=timeouts.first_byte_s
                ),
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, body) from error
        connection = response.connection
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = timeouts.idle_s
            connection.protocol.start_timeout()  # else the running one, still the first byte's, would decide
        return AiohttpReply(response)

    async def close(self) -> None:
        """See `Upstream.close`."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._connections_max,
            limit_per_host=self._connections_per_host_max,
            keepalive_timeout=self._keep_alive_s,
            ttl_dns_cache=self._dns_ttl_s,
            socket_factory=self._egress.open_socket,
            ssl=self._tls or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("user-agent", "accept", "content-type"),
            max_line_size=self._header_line_bytes_max,
            max_field_size=self._header_line_bytes_max,
            max_headers=self._headers_max,
        )
        return self._session

    def _url(self, text: str) -> URL:
        url = self._urls.get(text)
        if url is None:
            if len(self._urls) >= URLS_MAX:
                self._urls.clear()
            url = self._urls[text] = URL(text, encoded=True)
        return url


class AiohttpReply:
    """An `UpstreamReply`."""

    __slots__ = ("_response", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Pairs, names in lower case."""
        return [(name.lower(), value) for name, value in self._response.headers.items()]

    def header(self, name: str) -> str | None:
        """See `UpstreamReply.header`."""
        return self._response.headers.get(name)

    async def read(self, size_bytes_max: int) -> bytes:
        """See `UpstreamReply.read`."""
        parts = [part async for part in self.chunks(size_bytes_max)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:
        """See `UpstreamReply.chunks`."""
        return _Chunks(self._response, size_bytes_max)

    def abort(self) -> None:
        """See `UpstreamReply.abort`."""
        self._response.close()


class _Chunks:
    """The body, piece by piece; closes the connection when anything is wrong with it."""

    __slots__ = ("_inflate", "_left", "_response")

    def __init__(self, response: aiohttp.ClientResponse, size_bytes_max: int) -> None:
        self._response = response
        self._left = size_bytes_max
        self._inflate: Inflate | None = None
        encoding = response.headers.get("content-encoding", "").strip().lower()
        try:
            if encoding not in {"", "identity"}:
                self._inflate = Inflate(encoding, size_bytes_max)
            if (response.content_length or 0) > size_bytes_max:
                raise InflateTooLargeError("the announced length is larger than its bound")
        except InflateError as error:
            raise self._broken(error) from error

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            while part := await self._response.content.readany():
                self._left -= len(part)
                if self._left < 0:
                    raise InflateTooLargeError("the body is larger than its bound")
                if self._inflate is not None:
                    part = self._inflate.feed(part)
                if part:
                    return part
            if self._inflate is not None:
                self._inflate.finish()
        except (InflateError, aiohttp.ClientError, OSError) as error:
            raise self._broken(error) from error
        except asyncio.CancelledError:
            self._response.close()
            raise
        raise StopAsyncIteration

    def _broken(self, error: Exception) -> UpstreamFailure:
        self._response.close()
        if isinstance(error, InflateTooLargeError):
            return _body_failure("too_large", "upstream", retryable=False)
        if isinstance(error, InflateError):
            return _body_failure("encoding", "upstream", retryable=False)
        if isinstance(error, aiohttp.SocketTimeoutError):
            return _body_failure("idle_timeout", "network", retryable=True)
        if isinstance(error, TimeoutError):
            return _body_failure("deadline", "network", retryable=False)
        if isinstance(error, aiohttp.ClientPayloadError):
            return _body_failure("cut", "upstream", retryable=True)
        return _body_failure("reset", "network", retryable=True)


class _WatchedBody(payload.Payload):
    """A body that remembers how far it got: what was never handed to the socket cannot be billed.

    Large ones go out piece by piece, so that neither the loop nor the transport's buffer takes them whole.
    """

    _value: bytes
    _autoclose = True

    def __init__(self, value: bytes) -> None:
        super().__init__(value, content_type="application/json")
        self._size = len(value)
        self.began = False
        self.ended = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return self._value.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        self.began = True
        value = self._value
        if len(value) <= PIECE_BYTES:
            await writer.write(value)
        else:
            view = memoryview(value)
            for at in range(0, len(value), PIECE_BYTES):
                await writer.write(view[at : at + PIECE_BYTES])
        self.ended = True


def _body_failure(cause: str, source: Source, *, retryable: bool) -> UpstreamFailure:
    return UpstreamFailure(cause, source=source, phase="body", sent=True, retryable=retryable)


def _failure(error: Exception, body: _WatchedBody | None) -> UpstreamFailure:
    """Translate aiohttp's tree, the narrow types first."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return _connect_failure(error)
    sent = body is None or body.began
    phase: Phase = "first_byte" if body is None or body.ended else "send" if body.began else "connect"
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | ValueError):
        return UpstreamFailure("bad_request", source="us", phase=phase, sent=sent, retryable=False)
    if isinstance(error, aiohttp.SocketTimeoutError):
        return UpstreamFailure("first_byte_timeout", source="network", phase=phase, sent=sent, retryable=True)
    if isinstance(error, TimeoutError):
        return UpstreamFailure("deadline", source="network", phase=phase, sent=sent, retryable=False)
    if isinstance(error, aiohttp.ClientResponseError):
        return UpstreamFailure("protocol", source="upstream", phase=phase, sent=sent, retryable=True)
    return UpstreamFailure("reset", source="network", phase=phase, sent=sent, retryable=True)


def _connect_failure(error: Exception) -> UpstreamFailure:
    cause = "refused"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, EgressRefusedError):
        return UpstreamFailure("egress", source="us", phase="connect", sent=False, retryable=False)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        cause = "connect_timeout"
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        cause = "dns"
    elif isinstance(error, aiohttp.ClientSSLError):
        cause = "tls"
    return UpstreamFailure(cause, source="network", phase="connect", sent=False, retryable=True)
