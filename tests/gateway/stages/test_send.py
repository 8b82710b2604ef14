"""What goes out is our own encoding of what was inspected, with our credential and no header of the client's."""

import json
from pathlib import Path

import pytest

from agents.scripted import Reply, Rule
from tests.faults.exact import ECHO, marks, quiet, script
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def test_the_body_is_the_client_s_but_for_the_named_members_and_the_headers_are_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "sk-ours-0123456789")
    async with live(tmp_path, script=ECHO, up={"api_key": "env/UPSTREAM_KEY"}) as gate:
        body = chat("grüße", temperature=1.0, logit_bias={"5": -1}, seed=2**63, extra={"b": [None, True], "a": ""})
        headers = {"x-secret": "mine", "cookie": "a=b", "openai-organization": "theirs"}
        await gate.http.post(PATH, content=json.dumps(body).encode(), headers=headers)
        seen = gate.upstream.seen[-1]
        assert json.loads(seen.body) == {**body, "model": "gpt-4o-mini", "max_tokens": 4_096}
        assert list(json.loads(seen.body))[:-1] == list(body)
        assert seen.headers["authorization"] == "Bearer sk-ours-0123456789"
        assert gate.token not in str(seen)
        assert not {"x-secret", "cookie", "openai-organization"} & seen.headers.keys()
        assert "sk-ours" not in str(gate.records())


async def test_a_usage_that_never_comes_is_waited_for_a_bounded_time_in_all(tmp_path: Path) -> None:
    """Comments that keep the line busy do not prolong the wait."""
    slow = script(rules=(Rule((Reply("one two", event_gap_s=0.4),), match="tell"),))
    async with live(tmp_path, script=slow, profiles=[{"name": "default", "usage_wait_s": 0.1}]) as gate:
        reply = await gate.http.post(PATH, json=chat("tell", stream=True))
        await quiet(gate)
        assert reply.text.count('"finish_reason":"stop"') == 1
        assert ": tollhouse" in reply.text
        assert marks(gate) == ["counted"], "the report came after the wait"


async def test_an_answer_that_is_no_event_stream_is_the_provider_s_error(tmp_path: Path) -> None:
    model = {"retries": {"attempts_max": 1}}
    async with live(tmp_path, script=ECHO, model=model) as gate:
        gate.upstream.fault("status", status=200, body='{"choices": []}')
        reply = await gate.http.post(PATH, json=chat("x", stream=True))
        assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_error")
        assert "event stream" in reply.json()["error"]["message"]


@pytest.mark.parametrize(("path", "kind"), [(PATH, "openai"), ("/v1/messages", "anthropic")])
async def test_a_provider_s_refusal_comes_in_its_own_words_and_in_the_client_s_form(
    tmp_path: Path, path: str, kind: str
) -> None:
    words = {"message": "too long by 7", "type": "t", "param": "messages", "code": "context_length_exceeded"}
    async with live(tmp_path, script=ECHO, up={"kind": kind}) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        for stream in (False, True):
            gate.upstream.fault("status", status=413, body=json.dumps({"error": words}), times=1)
            body = chat("x", stream=stream, max_tokens=300)
            reply = await gate.http.post(path, json=body, headers={"x-run-id": run["id"]})
            error = reply.json()["error"]
            assert (reply.status_code, reply.headers["x-should-retry"]) == (413, "false")
            assert (error["message"], error["code"], error["param"]) == tuple(words[each] for each in WORDS)
            assert error["type"] == ("invalid_request_error" if kind == "openai" else "request_too_large")
        told = (await gate.http.get(f"/v1/runs/{run['id']}")).json()
        assert (told["used"]["steps"], told["used"]["usd"]) == (0, "0.00")
        assert [record["status"] for record in gate.records("outcome")] == [
            {"http": 413, "code": "upstream_rejected"}
        ] * 2
        assert "too long" not in str(gate.records())
        assert {breaker.state for breaker in gate.app.catalogue.breakers()} == {"closed"}


WORDS = ("message", "code", "param")
