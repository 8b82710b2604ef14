"""Tokens are counted as what would be sent, and for nothing."""

from pathlib import Path

import pytest

from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio


def billed(gate: Live) -> list[int]:
    return [part["nano_usd"] for record in gate.records("outcome") for part in record["billed"]]


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
