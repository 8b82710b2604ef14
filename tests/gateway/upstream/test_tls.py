"""Encryption: a provider must prove its name, and nothing of a request goes to one that cannot."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamRequest
from tests.gateway.upstream.provider import MakeClient

pytestmark = pytest.mark.anyio


def certificate(folder: Path, name: str) -> Path:
    """Write a key and a certificate for `name`, signed by itself, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def encrypted(file: Path) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve one fixed reply; yields the port and the requests that arrived."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], seen
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)


def request(port: int) -> UpstreamRequest:
    url = f"https://localhost:{port}/v1/chat/completions"
    return UpstreamRequest("POST", url, [("authorization", "Bearer sk-secret")], b"{}", Timeouts(2.0, 2.0, 2.0, 5.0))


async def test_a_provider_that_cannot_prove_its_name_gets_nothing(tmp_path: Path, client: MakeClient) -> None:
    async with encrypted(certificate(tmp_path, "localhost")) as (port, seen), client() as upstream:
        with pytest.raises(UpstreamFailure) as caught:
            await upstream.send(request(port))
        assert (caught.value.cause, caught.value.phase, caught.value.sent) == ("tls", "connect", False)
        assert not seen


async def test_a_configured_authority_is_trusted_for_its_name_only(tmp_path: Path, client: MakeClient) -> None:
    for name, is_trusted in (("localhost", True), ("other.example", False)):
        file = certificate(tmp_path, name)
        trust = ssl.create_default_context(cafile=str(file))
        async with encrypted(file) as (port, seen), client(tls=trust) as upstream:
            if is_trusted:
                assert await (await upstream.send(request(port))).read(100) == b"{}"
            else:
                with pytest.raises(UpstreamFailure, match="tls"):
                    await upstream.send(request(port))
            assert bool(seen) is is_trusted
