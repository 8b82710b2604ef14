"""Records pushed to receivers: all of them, in order, at least once, whatever the receiver does."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.book import Book
from audit.note import Signer
from gateway.config.delivery import DeliverySettings
from gateway.receiver import Receiver, as_otlp
from gateway.server import running
from gateway.signature import signed
from gateway.state.schema import SCHEMA
from limits.clock import ManualClock
from tests.gateway.live import chat, live

SIGNER = Signer("example.com/log", b"s" * 32)
CLOCK = ManualClock()


class Sink:
    """A receiver that answers as told, and keeps what it took."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.batches: list[Any] = []
        self.tokens: list[str] = []
        self.signatures: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        status = self.statuses.pop(0) if self.statuses else 200
        said = {name.decode(): value.decode() for name, value in scope["headers"] if name.startswith(b"webhook-")}
        self.signatures.append((said, body))
        self.tokens.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        if status == 200:
            self.batches.append(json.loads(body))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @property
    def indexes(self) -> list[int]:
        return [record["index"] for batch in self.batches for record in batch["records"]]


@contextlib.asynccontextmanager
async def sinking() -> AsyncIterator[Sink]:
    sink = Sink()
    async with running(sink) as there:
        sink.url = there.url
        yield sink


def write(book: Book, count: int) -> None:
    for each in range(count):
        book.append_now({"kind": "refusal" if each % 2 else "intent", "call": f"c{each}"}, tenant="a")


async def drain(receiver: Receiver) -> None:
    async with httpx.AsyncClient() as http:
        while await receiver.turn(http):
            pass


async def test_every_record_arrives_in_order_and_the_cursor_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    async with sinking() as sink:
        settings = DeliverySettings(name="siem", url=sink.url, batch_max=3)
        for count in (7, 4):
            with Book.open(path, signer=SIGNER, schema=SCHEMA) as book:
                await asyncio.to_thread(write, book, count)
                receiver = Receiver(settings, book, CLOCK)
                receiver.recall()
                await drain(receiver)
        assert sink.indexes == list(range(11))
        assert sink.batches[0]["origin"] == "example.com/log"


async def test_a_refused_batch_comes_again_and_only_asked_for_kinds_are_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK", "secret")
    async with sinking() as sink:
        with Book.open(tmp_path / "book.sqlite", signer=SIGNER, schema=SCHEMA) as book:
            await asyncio.to_thread(write, book, 5)
            settings = DeliverySettings.model_validate(
                {"name": "siem", "url": sink.url, "kinds": ["refusal"], "token": "env/SINK"}
            )
            receiver = Receiver(settings, book, CLOCK)
            sink.statuses = [500, 302]
            async with httpx.AsyncClient() as http:
                for _ in range(2):
                    with pytest.raises(httpx.HTTPStatusError):
                        await receiver.turn(http)
                assert receiver.size == 0
            await drain(receiver)
    assert sink.indexes == [1, 3]
    assert set(sink.tokens) == {"Bearer secret"}


async def test_otlp_logs_carry_the_record_as_it_stands_in_the_book(tmp_path: Path) -> None:
    async with sinking() as sink:
        with Book.open(tmp_path / "book.sqlite", signer=SIGNER, schema=SCHEMA) as book:
            await asyncio.to_thread(write, book, 2)
            await drain(Receiver(DeliverySettings(name="otel", url=sink.url, format="otlp"), book, CLOCK))
            bodies = [body.decode() for _, body in book.records()]
        [logs] = sink.batches[0]["resourceLogs"][0]["scopeLogs"]
        assert [each["body"]["stringValue"] for each in logs["logRecords"]] == bodies
        assert logs["logRecords"][1]["severityText"] == "WARN"
    assert json.loads(as_otlp("o", []))["resourceLogs"][0]["scopeLogs"][0]["logRecords"] == []


async def test_a_served_gateway_delivers_while_calls_go_on_and_shows_the_lag(tmp_path: Path) -> None:
    async with sinking() as sink:
        sink.statuses = [503]
        settings = {"name": "siem", "url": sink.url, "every_s": 0.05}
        async with live(tmp_path, delivery=[settings]) as gate:
            for _ in range(3):
                assert (await gate.http.post("/v1/chat/completions", json=chat("hi"))).status_code == 200
            async with asyncio.timeout(20):
                while len(set(sink.indexes)) < gate.app.house.book.size:  # noqa: ASYNC110 - another process's view
                    await asyncio.sleep(0.05)
            told = (await gate.http.get("/metrics")).text
        assert 'tollhouse_delivery_lag_records{receiver="siem"}' in told
        assert 'tollhouse_delivery_failures_total{receiver="siem"} 0.0' not in told


async def test_a_batch_is_signed_and_one_that_is_refused_too_often_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SINK", "secret")
    async with sinking() as sink:
        with Book.open(tmp_path / "book.sqlite", signer=SIGNER, schema=SCHEMA) as book:
            await asyncio.to_thread(write, book, 4)
            settings = DeliverySettings.model_validate(
                {"name": "caps", "url": sink.url, "secret": "env/SINK", "attempts_max": 2, "batch_max": 3}
            )
            receiver = Receiver(settings, book, CLOCK)
            sink.statuses = [500, 500]
            async with httpx.AsyncClient() as http:
                for left in (3, 0):
                    with pytest.raises(httpx.HTTPStatusError):
                        await receiver.turn(http)
                    await receiver.give_up()
                    assert receiver.dropped == 3 - left
            await drain(receiver)
    assert sink.indexes == [3]
    for signature, body in sink.signatures:
        assert signature == signed(b"secret", signature["webhook-id"], body, CLOCK.utc_us())
