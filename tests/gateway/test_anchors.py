"""Anchors of a running gateway: files and a witness over real sockets; a rewritten book is noticed."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from audit.anchor import FileAnchor
from audit.book import Book
from audit.cosignature import Cosigner, cosigned_at
from audit.errors import BookDamaged
from audit.note import Signer
from audit.place import File
from audit.reader import Reader
from audit.witness import Witness
from gateway.anchors import Anchors
from gateway.config.anchors import AnchorSettings
from gateway.server import running
from gateway.witness import WitnessApp
from limits.clock import SystemClock
from tests.gateway.live import chat, live

SIGNER = Signer("example.com/log", b"s" * 32)
COSIGNER = Cosigner("witness/w1", b"w" * 32)


def grow(path: Path, count: int = 5) -> None:
    with Book.open(path, signer=SIGNER) as book:
        for each in range(count):
            book.append_now({"kind": "intent", "call": f"c{each}"}, tenant="a")


def anchors(path: Path, *settings: AnchorSettings) -> Anchors:
    return Anchors(settings, File(path), "example.com/log", SIGNER.verifiers, SystemClock(), folder=path.parent)


def filed(path: Path) -> AnchorSettings:
    return AnchorSettings(name="share", file=path)


@contextlib.asynccontextmanager
async def witnessing(folder: Path) -> AsyncIterator[AnchorSettings]:
    app = WitnessApp(Witness(folder, COSIGNER, [SIGNER.verifier]), ["example.com/log"])
    async with running(app) as there:
        yield AnchorSettings(name="w", witness=there.url, witness_key=COSIGNER.verifier.vkey())


def metrics(collector: Anchors) -> str:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


async def test_a_served_gateway_anchors_its_book_and_shows_the_lag(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    async with live(tmp_path, anchors=[{"name": "share", "file": str(elsewhere), "every_s": 0.05}]) as gate:
        assert (await gate.http.post("/v1/chat/completions", json=chat("hello"))).status_code == 200
        assert 'tollhouse_anchor_lag_seconds{anchor="share"}' in (await gate.http.get("/metrics")).text
        house = gate.app.house
    settings = AnchorSettings(name="share", file=elsewhere)
    origin, verifiers = house.book.origin, house.signer.verifiers
    later = Anchors([settings], house.book.place, origin, verifiers, SystemClock(), folder=tmp_path)
    later.check()
    kept = FileAnchor(elsewhere, house.book.origin, [house.signer.verifier])
    assert kept.checkpoints()[-1].size > 3


async def test_a_witness_cosigns_each_new_checkpoint_once_and_the_cosigned_ones_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    async with witnessing(tmp_path / "witness") as settings:
        for _ in range(3):
            grow(path)
            both = anchors(path, settings)
            await both.turn("w")
            await both.turn("w")
            assert both.unready() == []
    kept = FileAnchor(tmp_path / "cosigned.w", "example.com/log", [SIGNER.verifier])
    assert [each.size for each in kept.checkpoints()] == [5, 10, 15]
    assert all("witness/w1" in cosigned_at(note, [COSIGNER.verifier]) for note in kept.notes())


async def test_a_witness_that_stands_elsewhere_is_asked_again_from_there(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    async with witnessing(tmp_path / "witness") as settings:
        grow(path)
        await anchors(path, settings).turn("w")
        (tmp_path / "cosigned.w").unlink()
        grow(path)
        again = anchors(path, settings)
        await again.turn("w")
        assert again.contradictions == {}
    assert "} 0.0\n" in metrics(again)


async def test_a_restored_old_copy_makes_the_gateway_unready(tmp_path: Path) -> None:
    path, backup = tmp_path / "book.sqlite", tmp_path / "backup"
    grow(path)
    shutil.copy(path, backup)
    grow(path)
    async with witnessing(tmp_path / "witness") as settings:
        both = anchors(path, settings, filed(tmp_path / "share"))
        for name in ("w", "share"):
            await both.turn(name)
        shutil.copy(backup, path)
        for more in (0, 5, 20):
            (tmp_path / "cosigned.w").unlink(missing_ok=True)
            if more:
                grow(path, more)
            both = anchors(path, settings, filed(tmp_path / "share"))
            for name in ("w", "share"):
                await both.turn(name)
            assert sorted(both.contradictions) == ["share", "w"], more
            assert both.unready()[0] == "anchor w has seen another history of the book"
            assert 'tollhouse_anchor_contradicts{anchor="w"} 1.0' in metrics(both)
            with pytest.raises(BookDamaged, match="if an old copy was restored"):
                both.check()


async def test_an_anchor_that_cannot_be_reached_is_a_lag_and_a_count_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    grow(path)
    gone = AnchorSettings(
        name="w", witness="http://127.0.0.1:9", witness_key=COSIGNER.verifier.vkey(), every_s=0.01, wait_s_max=1
    )
    nowhere = AnchorSettings(name="share", file=tmp_path / "missing" / "share", every_s=0.01)
    late = anchors(path, gone, nowhere)
    late.check()
    late.start()
    await asyncio.sleep(0.1)
    await late.stop()
    told = metrics(late)
    assert 'tollhouse_anchor_failures_total{anchor="w"} 0.0' not in told
    assert 'tollhouse_anchor_failures_total{anchor="share"} 0.0' not in told
    assert late.unready() == []


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"oops"), (409, b"what"), (200, b"no line\n"), (200, b"x" * 70_000), (403, b"no")]
)
async def test_whatever_a_witness_answers_the_turn_ends_and_is_counted(
    tmp_path: Path, status: int, body: bytes
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    path = tmp_path / "book.sqlite"
    grow(path)
    async with running(app) as there:
        odd = anchors(path, AnchorSettings(name="w", witness=there.url, witness_key=COSIGNER.verifier.vkey()))
        await odd.turn("w")
    assert 'tollhouse_anchor_failures_total{anchor="w"} 1.0' in metrics(odd)
    assert odd.contradictions == {}


async def test_the_last_record_is_anchored_before_the_gateway_ends(tmp_path: Path) -> None:
    share = tmp_path / "share"
    async with live(tmp_path, anchors=[{"name": "share", "file": str(share), "every_s": 60}]) as gate:
        assert (await gate.http.post("/v1/chat/completions", json=chat("hello"))).status_code == 200
        book = gate.app.house.book
    anchor = FileAnchor(share, book.origin, [gate.app.house.signer.verifier])
    last = anchor.last()
    assert last is not None
    with Reader.open(book.place) as reader:
        assert last.size == reader.size
