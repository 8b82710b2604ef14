"""Embeddings and moderations: masked, metered as they are billed, or free and recorded."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.scripted import Fault, Reply, Rule, Script
from gateway.dialects.openai_completions import OpenAICompletions
from gateway.dialects.openai_embeddings import OpenAIEmbeddings, OpenAIModerations
from gateway.errors import InvalidRequest
from limits.accounts import Cap
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio


def billed(gate: Live) -> list[int]:
    return [part["nano_usd"] for record in gate.records("outcome") for part in record["billed"]]


async def test_embeddings_are_masked_and_cost_their_input(tmp_path: Path) -> None:
    async with live(tmp_path) as gate, gate.client() as client:
        reply = await client.embeddings.create(model="m", input=["I am bob@example.com", "and more"])
        assert [each.embedding[:2] for each in reply.data] == [[0.25, -0.5]] * 2
        (seen,) = gate.upstream.seen
        assert b"bob@example.com" not in seen.body
        assert json.loads(seen.body).keys() == {"model", "input", "encoding_format"}
        (entry,) = gate.upstream.bill.entries
        assert (entry.completion_tokens, billed(gate)) == (0, [1_000 * entry.prompt_tokens])
        assert reply.usage.prompt_tokens == entry.prompt_tokens


async def test_embeddings_stop_at_the_cap_and_failures_are_retried(tmp_path: Path) -> None:
    script = Script(rules=(Rule((Reply(fault=Fault("status", status=500)),), times=1),))
    async with live(tmp_path, script=script, caps=(Cap("nano_usd", 60_000),)) as gate, gate.client() as client:
        await client.embeddings.create(model="m", input="first")
        assert len(gate.upstream.seen) == 2
        with pytest.raises(openai.APIStatusError) as caught:
            await client.embeddings.create(model="m", input="x" * 4_000)
        assert (caught.value.status_code, caught.value.code) == (402, "budget_exceeded")


async def test_what_is_free_is_recorded_and_takes_neither_money_nor_steps(tmp_path: Path) -> None:
    models: Any = {"price": None}
    caps = (Cap("nano_usd", 0),)
    async with live(tmp_path, up={"kind": "openai"}, model=models, caps=caps) as gate, gate.client() as client:
        run = (await gate.http.post("/v1/runs", json={"limits": {"steps": 1}})).json()
        for _ in range(3):
            reply = await client.moderations.create(
                model="m", input="I am bob@example.com", extra_headers={"x-run-id": run["id"]}
            )
            assert not reply.results[0].flagged
        assert b"bob@example.com" not in gate.upstream.seen[0].body
        assert billed(gate) == [0, 0, 0]
        assert gate.upstream.bill.total.requests == 0


def test_token_numbers_are_refused_because_no_guard_can_read_them() -> None:
    wrong: list[Any] = [[1, 2], [[1, 2]], [], 7, None, {}]
    for prompt in wrong:
        with pytest.raises(InvalidRequest):
            OpenAIEmbeddings().parse({"model": "m", "input": prompt})
        with pytest.raises(InvalidRequest):
            OpenAICompletions().parse({"model": "m", "prompt": prompt})


def test_moderations_take_images_beside_texts() -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,x"}}]
    request = OpenAIModerations().parse({"model": "m", "input": parts})
    assert ([text.value for text in request.texts], request.images, request.free) == (["look"], 1, True)
