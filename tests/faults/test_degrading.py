"""An outage degrades by rule: retries, breaker, fallback, a stored answer with its label; else a structured error."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agents.scripted import Script
from gateway.catalogue import Offer
from tests.faults.exact import PRICE, QUICK, nothing_lost
from tests.gateway.live import PRICE as SAID_PRICE
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
STORED = "We are being rebuilt; come back in an hour."
OPEN_S = 0.5


@pytest.fixture
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    up = {"breaker": {"failures_max": 2, "open_s": OPEN_S, "open_s_max": OPEN_S}}
    model = {"retries": QUICK}
    models = [
        {"name": name, "targets": [{"upstream": "up", "model": target}], "price": SAID_PRICE, **model, **parts}
        for name, target, parts in (
            ("m", "gpt-4o-mini", {}),
            ("stored", "gone", {"stored_answer": STORED}),
            ("backed", "gone-too", {"fallbacks": ["other"], "stored_answer": STORED}),
            ("other", "still-there", {}),
        )
    ]
    folder = tmp_path_factory.mktemp("gate")
    async with live(folder, script=Script(price=PRICE), up=up, models=models) as gate:
        yield gate


def offer(gate: Live, name: str) -> Offer:
    return gate.app.catalogue[name].targets[0]


async def test_a_breaker_opens_and_a_labelled_stored_answer_stands_in(gate: Live) -> None:
    async with nothing_lost(gate, ended=2, sent=2):
        gate.upstream.fault("status", status=503)
        for _ in range(2):
            reply = await gate.http.post(PATH, json=chat("hello", model="stored"))
            assert reply.status_code == 200
            assert reply.json()["choices"][0]["message"]["content"] == STORED
            assert reply.json()["usage"]["total_tokens"] == 0
            assert reply.headers["x-tollhouse-degraded"] == "stored"
            assert reply.headers["x-tollhouse-cost-usd"] == "0.00"
        assert offer(gate, "stored").breaker.state == "open"
        assert [record["degraded"] for record in gate.records("outcome")] == ["stored", "stored"]


async def test_a_stored_answer_is_a_whole_stream_for_who_asked_for_one(gate: Live) -> None:
    async with nothing_lost(gate, ended=1), gate.client() as client:
        gate.upstream.fault("status", status=503)
        stream = await client.chat.completions.create(**chat("hello", model="stored", stream=True))
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == STORED
        assert stream.response.headers["x-tollhouse-degraded"] == "stored"


@pytest.mark.parametrize(
    "members",
    [
        {"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]},
        {"response_format": {"type": "json_object"}},
    ],
)
async def test_a_request_that_a_text_cannot_answer_gets_the_error(gate: Live, members: dict[str, object]) -> None:
    async with nothing_lost(gate, ended=1):
        gate.upstream.fault("status", status=503)
        reply = await gate.http.post(PATH, json=chat("hello", model="stored", **members))
        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "upstream_unavailable"


async def test_without_anything_that_stands_in_an_open_breaker_is_503_with_its_wait(gate: Live) -> None:
    async with nothing_lost(gate, ended=2, sent=2):
        gate.upstream.fault("status", status=500, times=2)
        first = await gate.http.post(PATH, json=chat("hello"))
        assert first.json()["error"]["code"] in ("upstream_error", "upstream_unavailable")
        second = await gate.http.post(PATH, json=chat("hello"))
        assert (second.status_code, second.json()["error"]["code"]) == (503, "upstream_unavailable")
        assert int(second.headers["retry-after"]) >= 1
        await asyncio.sleep(OPEN_S * 1.3)


async def test_the_fallback_model_answers_with_its_label_and_its_own_attempt(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=3):
        gate.upstream.fault("status", status=500, model="gone-too")
        reply = await gate.http.post(PATH, json=chat("hello", model="backed"))
        assert reply.status_code == 200
        assert reply.headers["x-tollhouse-degraded"] == "fallback:other"
        assert reply.json()["model"] == "still-there"
        (record,) = gate.records("outcome")
        assert [billed["mark"] for billed in record["billed"]] == ["released", "released", "billed"]
        assert record["billed"][-1]["target"] == "up/still-there"


async def test_a_probe_closes_the_breaker_once_the_provider_is_back(gate: Live) -> None:
    breaker = offer(gate, "m").breaker
    async with nothing_lost(gate, ended=2, sent=3):
        gate.upstream.fault("status", status=500, times=2)
        await gate.http.post(PATH, json=chat("hello"))
        assert breaker.state == "open"
        await asyncio.sleep(OPEN_S * 1.3)
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200
        assert breaker.state == "closed"


async def test_while_the_probe_is_out_nobody_else_is_sent(gate: Live) -> None:
    async with nothing_lost(gate, ended=4, sent=3):
        gate.upstream.fault("status", status=500, times=2)
        await gate.http.post(PATH, json=chat("hello"))
        await asyncio.sleep(OPEN_S * 1.3)
        gate.upstream.fault("slow", delay_s=0.3, times=1)
        probe = asyncio.ensure_future(gate.http.post(PATH, json=chat("hello")))
        await asyncio.sleep(0.1)
        others = await asyncio.gather(*(gate.http.post(PATH, json=chat("hello")) for _ in range(2)))
        assert [reply.status_code for reply in others] == [503, 503]
        assert (await probe).status_code == 200


async def test_what_is_our_own_or_the_client_s_fault_opens_no_breaker(gate: Live) -> None:
    async with nothing_lost(gate, ended=8, sent=4):
        gate.upstream.fault("status", status=400, times=4)
        for _ in range(4):
            assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 400
        for _ in range(4):
            assert (await gate.http.post(PATH, json=chat("hello", n="x"))).status_code == 400
        assert offer(gate, "m").breaker.state == "closed"
        assert offer(gate, "m").breaker.failures == 0


async def test_a_provider_that_is_down_is_not_tried_once_the_breaker_is_open(gate: Live) -> None:
    async with nothing_lost(gate, ended=21):
        await gate.upstream.refuse()
        try:
            await gate.http.post(PATH, json=chat("hello", model="stored"))
            assert offer(gate, "stored").breaker.state == "open"
            tried = len(gate.records("intent"))
            for _ in range(20):
                reply = await gate.http.post(PATH, json=chat("hello", model="stored"))
                assert reply.headers["x-tollhouse-degraded"] == "stored"
            assert len(gate.records("intent")) == tried
        finally:
            await gate.upstream.accept()
