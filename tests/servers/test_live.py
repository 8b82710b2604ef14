"""The real servers that tests start: they answer, keep what they were told over a crash, and leave nothing behind."""

import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.binaries import MissingError, _first, missing
from tests.servers.live import Postgres, Redis


def _redis(server: Redis, *words: str) -> bytes:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall((" ".join(words) + "\r\n").encode())
        return connection.recv(4096)


def _messages(connection: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Yield PostgreSQL's messages up to the first that says it is ready (protocol 3.0: type, length, body)."""
    with connection.makefile("rb") as stream:
        kind = b""
        while kind != b"Z":
            kind = stream.read(1)
            (length,) = struct.unpack("!i", stream.read(4))
            yield kind, stream.read(length - 4)


def _postgres(server: Postgres, query: str) -> list[tuple[bytes, bytes]]:
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        hello = struct.pack("!i", 196_608) + b"user\0tollhouse\0database\0postgres\0\0"
        connection.sendall(struct.pack("!i", len(hello) + 4) + hello)
        list(_messages(connection))
        asked = query.encode() + b"\0"
        connection.sendall(b"Q" + struct.pack("!i", len(asked) + 4) + asked)
        return list(_messages(connection))


def test_both_servers_are_on_this_machine() -> None:
    assert missing() == []


def test_a_missing_server_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="make servers"):
        _first("redis-server", [None, tmp_path / "nothing"])


def test_redis_keeps_nothing_over_a_crash_unless_it_is_durable() -> None:
    with Redis() as fleeting, Redis(durable=True) as durable:
        for server, answer in ((fleeting, b"$-1\r\n"), (durable, b"$3\r\n402\r\n")):
            assert _redis(server, "SET", "cap", "402") == b"+OK\r\n"
            server.kill()
            server.start()
            assert _redis(server, "GET", "cap") == answer


def test_postgres_keeps_what_was_committed_over_a_crash() -> None:
    with Postgres() as server:
        _postgres(server, "create table book (leaf int); insert into book values (7)")
        server.kill()
        server.start()
        rows = [body for kind, body in _postgres(server, "select leaf from book") if kind == b"D"]
        assert rows == [struct.pack("!hi", 1, 1) + b"7"]


def test_a_server_that_ends_leaves_no_folder_and_no_listener() -> None:
    with Redis() as server:
        pass
    assert not server.folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=1)


def test_a_server_that_does_not_start_tells_its_last_words_and_leaves_no_folder() -> None:
    server = Redis()
    server._program = Path(sys.executable)
    with pytest.raises(RuntimeError, match="unknown option"), server:
        pass
    assert not server.folder.exists()
