"""The routes beside chat: embeddings, moderations, legacy completions, token counts; metered as they are billed."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.scripted import Fault, Reply, Rule, Script
from gateway.dialects.openai_completions import OpenAICompletions
from gateway.dialects.openai_embeddings import OpenAIEmbeddings, OpenAIModerations
from gateway.errors import InvalidRequest, UpstreamError
from limits.accounts import Cap
from tests.gateway.dialects.conformance import unwired
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


async def test_tokens_are_counted_as_what_would_be_sent(tmp_path: Path) -> None:
    async with live(tmp_path, up={"kind": "anthropic"}) as gate:
        body = {"model": "m", "messages": [{"role": "user", "content": "I am bob@example.com"}]}
        reply = await gate.http.post("/v1/messages/count_tokens", json=body)
        assert (reply.status_code, reply.json().keys()) == (200, {"input_tokens"})
        (seen,) = gate.upstream.seen
        assert b"bob@example.com" not in seen.body
        assert seen.headers["anthropic-version"] == "2023-06-01"
        assert billed(gate) == [0]
        wrong = await gate.http.post("/v1/messages/count_tokens", json={"model": "m"})
        assert (wrong.status_code, wrong.json()["type"]) == (400, "error")


async def test_completions_are_masked_restored_and_billed_plain_and_streamed(tmp_path: Path) -> None:
    async with live(tmp_path) as gate, gate.client() as client:
        said = "I am bob@example.com, you know"
        reply = await client.completions.create(model="m", prompt=said, n=2, max_tokens=50)
        assert [choice.text for choice in reply.choices] == [said, said]
        texts = ["", ""]
        async for chunk in await client.completions.create(model="m", prompt=said, n=2, max_tokens=50, stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.text
        assert texts == [said, said]
        assert not [seen for seen in gate.upstream.seen if b"bob@example.com" in seen.body]
        entries = gate.upstream.bill.entries
        assert billed(gate) == [1_000 * entry.prompt_tokens + 2_000 * entry.completion_tokens for entry in entries]


async def test_a_completions_stream_ends_with_its_marker_and_is_told_its_usage_only_if_asked(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for options, told in ((None, 0), ({"include_usage": True}, 1)):
            body = {"model": "m", "prompt": "a b c", "stream": True, "stream_options": options}
            reply = await gate.http.post("/v1/completions", json=body)
            assert reply.text.endswith("data: [DONE]\n\n")
            assert reply.text.count('"usage":{') == told


@pytest.mark.parametrize(
    ("members", "choices", "limit"),
    [({}, 1, 16), ({"n": 2, "best_of": 3}, 3, 16), ({"prompt": ["a", "b"], "n": 2}, 4, 16), ({"max_tokens": 9}, 1, 9)],
)
def test_a_completion_holds_for_every_text_that_may_be_made(members: dict[str, Any], choices: int, limit: int) -> None:
    request = OpenAICompletions().parse({"model": "m", "prompt": "a", **members})
    assert (request.choices, request.output_limit) == (choices, limit)


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


def test_replies_that_are_none_are_upstream_errors() -> None:
    embeddings = OpenAIEmbeddings()
    request = embeddings.parse({"model": "m", "input": "x"})
    for body in (b"{}", b"[]", b'{"data": 7}', b"nonsense"):
        with pytest.raises(UpstreamError):
            embeddings.reader(request).plain(body)
    completions = OpenAICompletions()
    asked = completions.parse({"model": "m", "prompt": "x"})
    for body in (b"{}", b'{"choices": [{"index": "0", "text": "a"}]}', b'{"choices": [{"index": 0}]}'):
        with pytest.raises(UpstreamError):
            completions.reader(asked).plain(body)


def test_an_answer_of_our_own_reads_like_a_completion() -> None:
    completions = OpenAICompletions()
    request = completions.parse({"model": "m", "prompt": ["x", "y"]})
    (whole,) = completions.answer(request, "later", reply_id="1", created_s=1)
    assert [choice["text"] for choice in json.loads(completions.write_plain(whole))["choices"]] == ["later", "later"]
    streamed = completions.parse({"model": "m", "prompt": "x", "stream": True})
    events = completions.answer(streamed, "later", reply_id="1", created_s=1)
    wire = b"".join(completions.write(event) for event in events if not event.silent)
    assert [tree["choices"][0]["finish_reason"] for tree in unwired(wire)] == [None, "stop"]
    assert wire.endswith(b"data: [DONE]\n\n")
