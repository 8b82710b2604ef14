"""What is special to Messages: blocks in order, signed thinking, cache figures, headers, state at the provider."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.scripted import Reply, Rule, Script
from gateway.call import Event
from gateway.dialects.anthropic_messages import AnthropicMessages
from gateway.dialects.strict import encode
from tests.gateway.dialects.conformance import Life, Spoken
from tests.gateway.dialects.speech_messages import SPEECH, asked, plain, stream
from tests.gateway.live import live

pytestmark = pytest.mark.anyio


MESSAGES = AnthropicMessages()


UP: Any = {"kind": "anthropic"}


async def test_thinking_and_its_signature_are_never_altered_and_are_noted_as_unread() -> None:
    secret = "call bob@example.com, 4111 1111 1111 1111"
    tree = asked("x", (), stream=False)
    thinking = {"type": "thinking", "thinking": secret, "signature": "c2ln"}
    tree["messages"] += [{"role": "assistant", "content": [thinking]}, {"role": "user", "content": "go on"}]
    life = Life(SPEECH, tree)
    assert (await life.admit())["messages"][1]["content"] == [thinking]
    written = life.plain(plain(Spoken(("ok",), thinking=secret)))
    assert written["content"][0] == thinking
    assert [(noted["decision"], noted["place"]) for noted in life.call.decisions] == [
        ("unscanned", "request"),
        ("unscanned", "reply"),
    ]


async def test_what_follows_a_call_waits_as_the_call_waits() -> None:
    life = Life(SPEECH, asked("x", ["a"], stream=True))
    await life.admit()
    trees = stream(Spoken(("said",), (("c", "a", ('{"note":"x"}',)),)))
    after = [
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "after"}},
        {"type": "content_block_stop", "index": 2},
    ]
    trees[-2:-2] = after
    assert life.call.request is not None
    out: list[Event] = []
    for event in MESSAGES.reader(life.call.request).feed([encode(tree) for tree in trees]):
        for guarded in life.guard.inspect(life.call, event):
            out += life.firewall.inspect(life.call, guarded)
    flowing = [event.tree for event in out if not event.terminal]
    assert {tree["index"] for tree in flowing if tree is not None and "index" in tree} == {0}
    heard = SPEECH.followed([event.tree for event in out if event.tree is not None])
    assert (heard.text, heard.calls) == ("saidafter", [("c", "a", {"note": "x"})])


async def test_citations_come_back_as_themselves_plain_and_streamed() -> None:
    mail = "anna.smith@example.com"
    life = Life(SPEECH, asked(f"I am {mail}", (), stream=True))
    masked = json.dumps(await life.admit()).split("I am ", 1)[1].split('"', 1)[0]
    citation = {"type": "char_location", "cited_text": f"by {masked}", "document_index": 0, "document_title": None}
    trees = stream(Spoken(("said",)))
    cited = {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": citation}}
    trees.insert(4, cited)
    written = life.stream(trees)
    (delta,) = [tree["delta"] for tree in written if tree.get("delta", {}).get("type") == "citations_delta"]
    assert delta["citation"]["cited_text"] == f"by {mail}"
    reply = plain(Spoken(("said",)))
    reply["content"][0]["citations"] = [dict(citation, cited_text=f"by {masked}")]
    assert life.plain(reply)["content"][0]["citations"][0]["cited_text"] == f"by {mail}"


def test_the_version_passes_and_betas_only_by_name() -> None:
    betas = ("interleaved-thinking", "exact-name")
    sent = {
        "anthropic-version": "2023-01-01",
        "anthropic-beta": "interleaved-thinking-2025-05-14, files-api-2025-04-14",
    }
    assert MESSAGES.headers(sent, betas) == [
        ("anthropic-version", "2023-01-01"),
        ("anthropic-beta", "interleaved-thinking-2025-05-14"),
    ]
    assert MESSAGES.headers({}, betas) == [("anthropic-version", "2023-06-01")]


@given(st.text(max_size=80))
def test_no_header_of_a_client_can_break_the_request(text: str) -> None:
    for _, value in MESSAGES.headers({"anthropic-version": text, "anthropic-beta": text}, ("a",)):
        assert value.isprintable()
        assert value.isascii()


async def test_headers_reach_the_provider_with_its_own_credential_and_cached_tokens_are_billed(tmp_path: Path) -> None:
    up = {**UP, "api_key": "env/TEST_PROVIDER_KEY"}
    script = Script(rules=(Rule((Reply(text="hi", prompt_tokens=50, cached_tokens=30),)),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_PROVIDER_KEY", "sk-ant-provider-key")
        async with live(tmp_path, script=script, up=up) as gate:
            headers = {"anthropic-beta": "context-1m-2025-08-07,skills-2025-10-02", "x-api-key": gate.token}
            reply = await gate.http.post("/v1/messages", json=asked("x" * 200, (), stream=False), headers=headers)
            assert reply.status_code == 200
            (seen,) = gate.upstream.seen
            assert seen.headers["x-api-key"] == "sk-ant-provider-key"
            assert "authorization" not in seen.headers
            assert seen.headers["anthropic-version"] == "2023-06-01"
            assert seen.headers["anthropic-beta"] == "context-1m-2025-08-07"
            (billed,) = gate.records("outcome")[0]["billed"]
            assert billed["input_tokens"] == 50


async def test_a_model_that_is_not_served_here_names_where_it_is(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        reply = await gate.http.post(
            "/v1/chat/completions", json={"model": "m", "messages": [{"role": "user", "content": "x"}]}
        )
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "unsupported_route")
        assert "/v1/messages" in reply.json()["error"]["message"]
        assert not gate.upstream.seen


async def test_a_route_that_is_not_served_is_refused_in_the_form_of_its_neighbours(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        batches = await gate.http.post("/v1/messages/batches", json={"requests": []})
        assert (batches.status_code, batches.json()["type"]) == (400, "error")
        assert batches.json()["error"]["code"] == "unsupported_route"
        kept = await gate.http.get("/v1/responses/resp_1")
        assert (kept.status_code, kept.json()["error"]["code"]) == (404, "not_found")
        assert not gate.upstream.seen


async def test_a_clamped_limit_leaves_room_above_the_thinking_budget(tmp_path: Path) -> None:
    profiles = [{"name": "default", "call": {"usd": "0.005"}}]
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1_100}}
    async with live(tmp_path, up=UP, profiles=profiles) as gate:
        tree = {**asked("x", (), stream=False), "max_tokens": 8_000, **thinking}
        reply = await gate.http.post("/v1/messages", json=tree)
        assert reply.status_code == 200
        sent = json.loads(gate.upstream.seen[0].body)
        assert 1_100 + 1_024 <= sent["max_tokens"] < 8_000
        assert reply.headers["x-tollhouse-clamped"] == str(sent["max_tokens"])
        tree["thinking"]["budget_tokens"] = 4_000
        reply = await gate.http.post("/v1/messages", json=tree)
        assert (reply.status_code, reply.json()["error"]["code"]) == (402, "budget_exceeded")
