"""Opening connections: addresses in turn within the time, the egress check on each, failures that sent nothing."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from gateway.upstream.dial import Dial, ResumingContext
from gateway.upstream.egress import Egress
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.wire import Origin
from tests.gateway.upstream.provider import LOCAL, facts


def dial(egress: Egress = LOCAL, dns_ttl_s: float = 30.0) -> Dial:
    return Dial(egress, tls=None, authorities=None, dns_ttl_s=dns_ttl_s)


def info(address: str, port: int) -> Any:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


def knowing(made: Dial, origin: Origin, *infos: Any) -> Dial:
    """Let a name have these addresses, as if they had just been looked up."""
    made._names[origin.host, origin.port] = (asyncio.get_running_loop().time() + 60, list(infos))
    return made


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@pytest.fixture
def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        found: int = sock.getsockname()[1]
        return found


async def connect(made: Dial, origin: Origin, connect_s: float = 2.0) -> str:
    """Connect, close, and return the address that was reached."""
    reached: list[str] = []

    def take(sock: socket.socket) -> asyncio.Protocol:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        reached.append(sock.getpeername()[0])
        return asyncio.Protocol()

    before = set(asyncio.all_tasks())
    await made.open(origin, take, connect_s)
    assert set(asyncio.all_tasks()) == before
    await asyncio.sleep(0.01)
    return reached[0]


async def refused(made: Dial, origin: Origin, connect_s: float = 2.0) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        await made.open(origin, lambda _: asyncio.Protocol(), connect_s)
    return caught.value


async def test_an_address_that_does_not_answer_is_followed_by_the_next(port: int) -> None:
    origin = Origin("provider.example", port, tls=False)
    made = knowing(dial(), origin, info("127.0.0.2", port), info("127.0.0.1", port))
    assert await connect(made, origin) == "127.0.0.1"


async def test_addresses_that_may_not_be_reached_are_passed_over_and_alone_they_are_our_refusal(port: int) -> None:
    origin = Origin("provider.example", port, tls=False)
    made = knowing(dial(), origin, info("10.0.0.1", port), info("127.0.0.1", port))
    assert await connect(made, origin) == "127.0.0.1"
    made = knowing(dial(), origin, info("10.0.0.1", port), info("169.254.169.254", port))
    assert facts(await refused(made, origin)) == ("egress", "us", "connect", False, False)


async def test_nobody_listening_is_refused_by_the_network_also_beside_forbidden_addresses(closed_port: int) -> None:
    origin = Origin("provider.example", closed_port, tls=False)
    for infos in (
        [info("127.0.0.1", closed_port)],
        [info("10.0.0.1", closed_port), info("127.0.0.1", closed_port)],
        [info("127.0.0.1", closed_port), info("10.0.0.1", closed_port)],
        [],
    ):
        failure = await refused(knowing(dial(), origin, *infos), origin)
        assert facts(failure) == ("refused", "network", "connect", False, True)


async def test_a_name_without_addresses_is_not_sent(port: int) -> None:
    failure = await refused(dial(), Origin("name.invalid", port, tls=False))
    assert facts(failure) == ("dns", "network", "connect", False, True)
    failure = await refused(dial(), Origin("x" * 64 + ".example", port, tls=False))
    assert facts(failure) == ("dns", "network", "connect", False, True)


async def test_a_server_that_does_not_encrypt_is_left_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    origin = Origin("127.0.0.1", server.sockets[0].getsockname()[1], tls=True)
    failure = await refused(dial(), origin, 0.1)
    assert facts(failure) == ("connect_timeout", "network", "connect", False, True)
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)


async def test_a_server_that_speaks_no_tls_is_a_failure_of_encryption() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    failure = await refused(dial(), Origin("127.0.0.1", server.sockets[0].getsockname()[1], tls=True))
    assert (failure.cause in {"tls", "refused"}, failure.phase, failure.sent) == (True, "connect", False)
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.01)


class Loop:
    """Counts how often a name is looked up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        loop = asyncio.get_running_loop()
        real = loop.getaddrinfo

        async def counted(*args: Any, **more: Any) -> Sequence[Any]:
            self.asked += 1
            return await real(*args, **more)

        monkeypatch.setattr(loop, "getaddrinfo", counted)


async def test_a_names_addresses_are_kept_for_their_time_and_asked_anew_after_a_failure(
    port: int, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Loop(monkeypatch)
    made = dial()
    for _ in range(3):
        await connect(made, Origin("127.0.0.1", port, tls=False))
    assert names.asked == 1
    for _ in range(2):
        await refused(made, Origin("127.0.0.1", closed_port, tls=False))
    assert names.asked == 3
    made = dial(dns_ttl_s=0.0)
    for _ in range(2):
        await connect(made, Origin("127.0.0.1", port, tls=False))
    assert names.asked == 5


def test_a_context_verifies_names_and_speaks_only_http_1() -> None:
    context = ResumingContext.make()
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.sessions == {}


def test_no_session_is_no_session() -> None:
    context = ResumingContext.make()
    context.keep("a", None)
    assert context.sessions == {}
