"""The server as a process and as a guest: it starts, reports its port, and ends as its signals say."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from gateway.server import listen, running

PROGRAM = """
import asyncio, sys
from gateway.server import listen, serve

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shutdown seen", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    print("call", flush=True)
    try:
        await asyncio.sleep(float(scope["query_string"] or b"0"))
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

sock = listen("127.0.0.1", 0)
print(sock.getsockname()[1], flush=True)
serve(app, sockets=[sock], shutdown_grace_s=float(sys.argv[1]))
print("returned", flush=True)
"""
ROOT = Path(__file__).parents[2]


def start(grace_s: float) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(grace_s)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{process.stdout.readline().strip()}"


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=15)
    return out, err


def test_sigterm_lets_a_running_call_end_then_the_process_returns_with_status_0() -> None:
    process, url = start(grace_s=5.0)
    calling = subprocess.Popen(
        [sys.executable, "-c", f"import httpx; print(httpx.get('{url}/?0.7', timeout=10).text)"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "call\n"
    process.send_signal(signal.SIGTERM)
    out, err = finish(process)
    assert calling.communicate(timeout=10)[0] == "ok\n"
    assert (out, err, process.returncode) == ("shutdown seen\nreturned\n", "", 0)


def test_a_call_longer_than_the_grace_is_cancelled_and_the_application_still_shuts_down() -> None:
    process, url = start(grace_s=0.3)
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /?30 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert process.stdout is not None
        assert process.stdout.readline() == "call\n"
        began = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        out, _ = finish(process)
    assert time.monotonic() - began < 10
    assert "cancelled" in out
    assert "shutdown seen" in out
    assert process.returncode == 0


def test_a_port_in_use_is_an_os_error_with_its_number() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])


@pytest.mark.anyio
async def test_a_guest_server_reports_its_port_and_says_the_date_but_not_its_name() -> None:
    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        del receive
        assert callable(send)
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.startup.complete"})
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with running(app) as server, httpx.AsyncClient() as client:
        reply = await client.get(server.url)
        assert reply.status_code == 204
        assert "date" in reply.headers
        assert "server" not in reply.headers
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.host, server.port), timeout=1)
