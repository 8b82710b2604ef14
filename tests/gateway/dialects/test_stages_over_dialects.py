"""The stages know no vendor's JSON: outages, stored answers, replays, cache and retries are alike in each dialect."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Fault, Reply, Rule, Script
from tests.gateway.dialects import speech_chat, speech_messages, speech_responses
from tests.gateway.dialects.conformance import Heard, Speech, unwired
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

SPEECHES = {
    "/v1/chat/completions": speech_chat.SPEECH,
    "/v1/messages": speech_messages.SPEECH,
    "/v1/responses": speech_responses.SPEECH,
}
every = pytest.mark.parametrize("path", list(SPEECHES))
forms = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])


def up(path: str) -> dict[str, Any]:
    return {"kind": "anthropic" if path == "/v1/messages" else "openai_compatible"}


def asked(speech: Speech, text: str, *, stream: bool) -> dict[str, Any]:
    tree = speech.asked(text, (), stream)
    for member in ("metadata", "instructions"):
        tree.pop(member, None)
    return {**tree, "store": False} if "input" in tree else tree


async def ask(gate: Live, path: str, text: str, *, stream: bool, **headers: str) -> tuple[Heard, Any]:
    speech = SPEECHES[path]
    reply = await gate.http.post(path, json=asked(speech, text, stream=stream), headers=headers)
    assert reply.status_code == 200, reply.text
    if not stream:
        return speech.heard(reply.json()), reply.headers
    wire = "\n\n".join(block for block in reply.text.split("\n\n") if not block.startswith(":"))
    return speech.followed(unwired(wire.encode())), reply.headers


@every
@forms
async def test_an_outage_ends_in_the_stored_answer_labelled_and_free(tmp_path: Path, path: str, stream: bool) -> None:
    script = Script(rules=(Rule((Reply(fault=Fault("status", status=503)),)),))
    model = {"stored_answer": "We are back soon.", "retries": {"attempts_max": 2, "base_s": 0.01}}
    async with live(tmp_path, script=script, model=model, up=up(path)) as gate:
        heard, headers = await ask(gate, path, "hello", stream=stream)
        assert (heard.text, heard.usage, heard.finish) == ("We are back soon.", (0, 0), SPEECHES[path].finish_plain)
        assert headers["x-tollhouse-degraded"] == "stored"
        assert len(gate.upstream.seen) == 2


@every
@forms
async def test_a_retry_answers_as_if_nothing_had_been(tmp_path: Path, path: str, stream: bool) -> None:
    script = Script(rules=(Rule((Reply(fault=Fault("status", status=500)),), times=1),))
    async with live(tmp_path, script=script, up=up(path)) as gate:
        heard, _ = await ask(gate, path, "hello bob@example.com", stream=stream)
        assert heard.text == "hello bob@example.com"
        (outcome,) = gate.records("outcome")
        assert [part["mark"] for part in outcome["billed"]] == ["released", "billed"]


@every
@forms
async def test_a_repeated_call_is_answered_from_what_is_kept_and_from_the_cache(
    tmp_path: Path, path: str, stream: bool
) -> None:
    profiles = [{"name": "default", "cache": {"ttl_s": 60}}]
    async with live(tmp_path, profiles=profiles, up=up(path)) as gate:
        first, _ = await ask(gate, path, "hello there", stream=stream, **{"idempotency-key": "one"})
        again, headers = await ask(gate, path, "hello there", stream=stream, **{"idempotency-key": "one"})
        assert "x-tollhouse-replayed" in headers
        hits = [await ask(gate, path, "cached words", stream=stream) for _ in range(2)]
        assert [each[1]["x-tollhouse-cache"] for each in hits] == ["miss", "hit"]
        assert (first.text, again.text) == ("hello there", "hello there")
        assert [each[0].text for each in hits] == ["cached words", "cached words"]
        assert len(gate.upstream.bill.entries) == 2


@every
async def test_every_provider_fault_is_an_error_of_the_dialect_or_a_whole_answer(tmp_path: Path, path: str) -> None:
    kinds = ("reset", "broken_sse", "broken_json", "no_finish", "lose_reply", "no_usage", "absurd_usage")
    model = {"retries": {"attempts_max": 1}}
    upstream = {**up(path), "breaker": {"failures_max": 1_000}}
    async with live(tmp_path, model=model, up=upstream) as gate:
        for kind in kinds:
            gate.upstream.clear()
            gate.upstream.fault(Fault(kind, after_events=6, times=1))  # type: ignore[arg-type]
            for stream in (True, False):
                speech = SPEECHES[path]
                reply = await gate.http.post(path, json=asked(speech, "one two three four", stream=stream))
                if reply.status_code != 200:
                    assert speech.error_message(json.loads(reply.text))
                elif stream and "upstream_error" in reply.text:
                    last = unwired(reply.text.rsplit("\n\n", 2)[1].encode())[0]
                    assert speech.error_message(last)
                    assert last["error"]["code"] == "upstream_error"


@every
async def test_a_rate_limit_tells_when_to_come_again(tmp_path: Path, path: str) -> None:
    profiles = [{"name": "default", "rates": {"requests_per_minute": 1}}]
    async with live(tmp_path, profiles=profiles, up=up(path)) as gate:
        for status in (200, 429):
            reply = await gate.http.post(path, json=asked(SPEECHES[path], "x", stream=False))
            assert reply.status_code == status
        assert reply.json()["error"]["code"] == "rate_limit_exceeded"
        assert int(reply.headers["retry-after"]) >= 1
