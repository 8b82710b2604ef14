"""The whole gateway, seen from outside: the official client in front, a provider with an exact bill behind."""

from pathlib import Path

import pytest

from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio


async def test_a_call_is_masked_upstream_and_restored_in_the_answer(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        async with gate.client() as client:
            said = "write to bob@example.com about card 4111 1111 1111 1111"
            reply = await client.chat.completions.create(**chat(said))
        assert reply.choices[0].message.content == said
        (seen,) = gate.upstream.seen
        assert b"bob@example.com" not in seen.body
        assert b"4111" not in seen.body


async def test_a_stream_ends_with_its_figures_before_its_terminal_marker(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        reply = await gate.http.post("/v1/chat/completions", json=chat("a b c", stream=True))
        lines = [line for line in reply.text.split("\n\n") if line]
        assert lines[-1] == "data: [DONE]"
        assert lines[-3].startswith(': tollhouse {"cost_usd"')
        assert '"finish_reason":"stop"' in lines[-2]


async def test_what_the_book_says_was_billed_is_what_the_provider_billed(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for stream in (False, True):
            await gate.http.post("/v1/chat/completions", json=chat("one two three", stream=stream))
        billed = [part["nano_usd"] for record in gate.records("outcome") for part in record["billed"]]
        entries = gate.upstream.bill.entries
        assert billed == [1_000 * entry.prompt_tokens + 2_000 * entry.completion_tokens for entry in entries]
        assert len(billed) == 2
