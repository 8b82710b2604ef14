"""The witness over HTTP: each answer as C2SP tlog-witness gives it."""

import asyncio
from hashlib import sha256
from pathlib import Path

import httpx

from audit.book import Book
from audit.checkpoint import Checkpoint
from audit.cosignature import Cosigner, cosigned_at
from audit.note import Signer
from audit.reader import Reader
from audit.witness import Addition, Witness, addition
from gateway.server import running
from gateway.witness import WitnessApp

LOG = Signer("example.com/log", b"s" * 32)
COSIGNER = Cosigner("witness/w1", b"w" * 32)


def requests(folder: Path) -> list[bytes]:
    asked = []
    for old in (0, 5):
        with Book.open(folder / "book.sqlite", signer=LOG) as book:
            for _ in range(5):
                book.append_now({"kind": "intent"}, tenant="a")
        with Reader.open(folder / "book.sqlite") as reader:
            asked.append(addition(reader, old).encode())
    return asked


async def test_each_case_has_the_status_of_the_specification(tmp_path: Path) -> None:
    first, second = requests(tmp_path)
    tree = Checkpoint("example.com/log", 12, b"r" * 32)
    stranger = Signer("example.com/other", b"o" * 32)
    app = WitnessApp(Witness(tmp_path / "w", COSIGNER, [LOG.verifier]), ["example.com/log"])
    place = f"/checkpoint/{sha256(b'example.com/log').hexdigest()}"
    async with running(app) as there, httpx.AsyncClient(base_url=there.url) as http:
        assert (await http.get(place)).status_code == 404
        cosigned = await http.post("/add-checkpoint", content=first)
        assert (cosigned.status_code, cosigned.text[:13]) == (200, "\u2014 witness/w1 ")
        conflict = await http.post("/add-checkpoint", content=first)
        assert (conflict.status_code, conflict.text) == (409, "5\n")
        assert conflict.headers["content-type"] == "text/x.tlog.size"
        assert (await http.post("/add-checkpoint", content=second)).status_code == 200
        for status, body in (
            (400, b"old"),
            (403, Addition(10, (), tree.sign(Signer("example.com/log", b"x" * 32)).encode()).encode()),
            (404, Addition(0, (), Checkpoint("example.com/other", 5, b"r" * 32).sign(stranger).encode()).encode()),
            (413, b"x" * 70_000),
            (422, Addition(10, (b"h" * 32,), tree.sign(LOG).encode()).encode()),
        ):
            assert (await http.post("/add-checkpoint", content=body)).status_code == status
        assert (await http.get("/add-checkpoint")).status_code == 405
        assert (await http.get("/")).status_code == 404
        assert (await http.get("/checkpoint/0")).status_code == 404
        assert "witness/w1" in cosigned_at((await http.get(place)).content, [COSIGNER.verifier])


async def test_a_request_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    app = WitnessApp(Witness(tmp_path / "w", COSIGNER, [LOG.verifier]), [], read_s_max=0.05)
    async with running(app) as there:
        reader, writer = await asyncio.open_connection(there.host, there.port)
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 100\r\n\r\nold")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await writer.wait_closed()
