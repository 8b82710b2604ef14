"""How the gateway speaks to a provider: one request out, one reply in, everything bounded, failures as data.

Implementations: `pool.PoolUpstream`, `aiohttp_client.AiohttpUpstream`. Whoever sends must end every reply: read it
whole, iterate its chunks to the end, or `abort` it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of one exchange in seconds.

    `connect` includes waiting for a free connection; `idle` is the longest silence within a body; `total` is the whole
    exchange, body included.
    """

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0
    total_s: float = 600.0


DEFAULT_TIMEOUTS = Timeouts()


class UpstreamRequest(Struct, frozen=True):
    """One request.

    `headers` are names and values as they shall go out; hop-by-hop ones are dropped; Host, Content-Length and
    Accept-Encoding are the implementation's own. Where callers must wait for a connection, `lane`s take turns.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    lane: str = ""


class UpstreamReply(Protocol):
    """A reply whose head has arrived; any status, redirects included (none is followed)."""

    @property
    def status(self) -> int:
        """The status, any."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """The headers: names in lower case, duplicates kept."""
        ...

    def header(self, name: str) -> str | None:
        """Return the first header of that lower-case name."""
        ...

    async def read(self, size_bytes_max: int) -> bytes:
        """Read the whole decoded body; raises `UpstreamFailure` (`too_large` beyond the bound) and closes."""
        ...

    def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:
        """Iterate the decoded body as it arrives, in any pieces, none empty; raises as `read` does."""
        ...

    def abort(self) -> None:
        """Close the connection now, whatever is still to come; harmless after the end and when repeated."""
        ...


class Upstream(Protocol):
    """A client. Safe for any number of concurrent sends on one event loop; a cancelled send closes its connection."""

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Send and wait for the reply's head; raises `UpstreamFailure`. Never sends twice."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
