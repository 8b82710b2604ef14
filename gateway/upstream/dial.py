"""Opening a connection: names to addresses, the egress check on the very socket, encryption that resumes sessions."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from .egress import Egress, EgressRefusedError
from .failure import UpstreamFailure
from .wire import Origin

_NAMES_MAX = 1_024
_SESSIONS_MAX = 1_024

Protocol = TypeVar("Protocol", bound=asyncio.BaseProtocol)
Info = tuple[Any, int, int, str, Any]


class ResumingContext(ssl.SSLContext):
    """Verifies names as Python's default context does, and offers each server its last session."""

    sessions: dict[str, ssl.SSLSession]

    @classmethod
    def make(cls, authorities: str | None = None) -> ResumingContext:
        """Return a context that trusts what the system trusts, and the certificates in a file."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        if authorities is not None:
            context.load_verify_locations(authorities)
        context.set_alpn_protocols(["http/1.1"])
        context.sessions = {}
        return context

    def wrap_bio(  # type: ignore[override]
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the base class's signature
        server_hostname: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Do what the base class does, with the session that is kept for this name."""
        session = session or self.sessions.get(server_hostname or "")
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep(self, name: str, session: ssl.SSLSession | None) -> None:
        """Keep a name's session for the next connection."""
        if session is not None:
            if len(self.sessions) >= _SESSIONS_MAX:
                self.sessions.clear()
            self.sessions[name] = session


class Dial:
    """Opens connections. A name's addresses are kept for `dns_ttl_s`; each is tried with an equal share of the time."""

    def __init__(
        self, egress: Egress, *, tls: ssl.SSLContext | None, authorities: str | None, dns_ttl_s: float
    ) -> None:
        self._egress = egress
        self._tls = tls
        self._authorities = authorities
        self._dns_ttl_s = dns_ttl_s
        self._names: dict[tuple[str, int], tuple[float, list[Info]]] = {}

    async def open(self, origin: Origin, make: Callable[[socket.socket], Protocol], connect_s: float) -> Protocol:
        """Return a connected protocol; raises `UpstreamFailure` after `connect_s` at the latest."""
        try:
            async with asyncio.timeout(connect_s):
                sock = await self._connected(origin, asyncio.get_running_loop().time() + connect_s)
                try:
                    return await self._wrapped(origin, sock, make)
                except BaseException:
                    sock.close()
                    raise
        except TimeoutError as error:
            raise _failure("connect_timeout") from error
        except EgressRefusedError as error:
            raise UpstreamFailure("egress", source="us", phase="connect", sent=False, retryable=False) from error
        except (socket.gaierror, UnicodeError) as error:
            raise _failure("dns") from error
        except ssl.SSLError as error:
            raise _failure("tls") from error
        except OSError as error:
            raise _failure("refused") from error

    async def _wrapped(
        self, origin: Origin, sock: socket.socket, make: Callable[[socket.socket], Protocol]
    ) -> Protocol:
        tls = self._context() if origin.tls else None
        name = origin.host if origin.tls else None
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: make(sock), sock=sock, ssl=tls, server_hostname=name)
        return protocol

    def ended(self, origin: Origin, transport: asyncio.BaseTransport) -> None:
        """Keep the session of a connection that has served a reply: servers send their tickets after the handshake."""
        if origin.tls and isinstance(self._tls, ResumingContext):
            encrypted: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
            if encrypted is not None:
                self._tls.keep(origin.host, encrypted.session)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ResumingContext.make(self._authorities)
        return self._tls

    async def _connected(self, origin: Origin, until_s: float) -> socket.socket:
        loop = asyncio.get_running_loop()
        infos = await self._addresses(origin)
        failed: OSError = OSError("the name has no address")
        for number, info in enumerate(infos):
            try:
                sock = self._egress.open_socket(info)
            except EgressRefusedError as refused:
                if number == 0 or isinstance(failed, EgressRefusedError):
                    failed = refused
                continue
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                async with asyncio.timeout((until_s - loop.time()) / (len(infos) - number)):
                    await loop.sock_connect(sock, info[4])
            except OSError as error:
                sock.close()
                failed = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        self._names.pop((origin.host, origin.port), None)
        raise failed

    async def _addresses(self, origin: Origin) -> list[Info]:
        loop = asyncio.get_running_loop()
        key = (origin.host, origin.port)
        known = self._names.get(key)
        if known is not None and loop.time() < known[0]:
            return known[1]
        infos: list[Info] = list(await loop.getaddrinfo(*key, type=socket.SOCK_STREAM))
        if len(self._names) >= _NAMES_MAX:
            self._names.clear()
        self._names[key] = (loop.time() + self._dns_ttl_s, infos)
        return infos


def _failure(cause: str) -> UpstreamFailure:
    return UpstreamFailure(cause, source="network", phase="connect", sent=False, retryable=True)
