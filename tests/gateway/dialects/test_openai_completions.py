"""Legacy completions: a hold for every text that may be made, masked and restored, billed as the provider bills."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.dialects.openai_completions import OpenAICompletions
from tests.gateway.dialects.conformance import unwired
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio


def billed(gate: Live) -> list[int]:
    return [part["nano_usd"] for record in gate.records("outcome") for part in record["billed"]]


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
