"""Equal calls answered from memory, seen from outside, and the latest good answer when nobody else can answer."""

import re
from pathlib import Path

import pytest

from agents.scripted import Fault, Reply, Rule, Script
from gateway.call import Attempt
from gateway.catalogue import Model
from gateway.stages.cache import Cache
from limits.backoff import Backoff
from limits.clock import ManualClock
from tests.gateway.live import chat, live
from tests.gateway.stages.exchange import CHAT, call_for

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
CACHED = [{"name": "default", "cache": {"ttl_s": 60, "entries_max": 2}}, {"name": "support", "cache": {"ttl_s": 60}}]


def said(body: str) -> str:
    """Join the text of a reply, plain or as a stream."""
    return "".join(re.findall(r'"content":"([^"]*)"', body))


async def test_nothing_is_cached_unless_the_profile_says_so(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for _ in range(2):
            reply = await gate.http.post(PATH, json=chat("hi"))
            assert "x-tollhouse-cache" not in reply.headers
        assert len(gate.upstream.bill.entries) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_an_equal_call_is_answered_free_of_charge_and_takes_a_step(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path, profiles=CACHED) as gate:
        run = {"x-run-id": "r"}
        first = await gate.http.post(PATH, json=chat("hi there", stream=stream), headers=run)
        second = await gate.http.post(PATH, json=chat("hi there", stream=stream), headers=run)
        assert (first.headers["x-tollhouse-cache"], second.headers["x-tollhouse-cache"]) == ("miss", "hit")
        assert len(gate.upstream.bill.entries) == 1
        if not stream:
            assert second.headers["x-tollhouse-cost-usd"].strip("0.") == ""
            assert first.json()["choices"] == second.json()["choices"]
            assert first.json()["id"] != second.json()["id"]
        else:
            assert said(second.text) == "hi there"
            assert second.text.endswith("data: [DONE]\n\n")
        steps = [e for record in gate.records() for e in record.get("ledger", ()) if e.get("d") == "steps"]
        assert len(steps) == 2
        assert gate.records("outcome")[1]["decisions"][-1]["decision"] == "hit"


async def test_what_has_findings_tools_or_state_is_never_cached(tmp_path: Path) -> None:
    bodies = (
        chat("mail bob@example.com"),
        chat("hi", tools=[{"type": "function", "function": {"name": "f"}}]),
        chat("hi", n=2),
        chat("hi", store=True),
    )
    async with live(tmp_path, profiles=CACHED) as gate:
        for body in (*bodies, *bodies):
            reply = await gate.http.post(PATH, json=body)
            assert reply.status_code == 200
            assert "x-tollhouse-cache" not in reply.headers
        assert len(gate.upstream.bill.entries) == 8


async def test_an_answer_that_was_cut_or_holds_a_finding_is_not_kept(tmp_path: Path) -> None:
    script = Script(rules=(Rule((Reply(text="bob@example.com"),), match="mail"),))
    async with live(tmp_path, script=script, profiles=CACHED) as gate:
        for body in (chat("a long text that is cut", max_tokens=2), chat("mail")):
            for _ in range(2):
                reply = await gate.http.post(PATH, json=body)
                assert reply.headers["x-tollhouse-cache"] == "miss"


async def test_another_key_with_other_rights_and_a_client_that_wants_none_get_fresh_answers(tmp_path: Path) -> None:
    async with live(tmp_path, profiles=CACHED) as gate:
        await gate.http.post(PATH, json=chat("hi"))
        other = await gate.new_key(profile="support")
        for headers in ({"authorization": f"Bearer {other}"}, {"cache-control": "no-cache"}):
            reply = await gate.http.post(PATH, json=chat("hi"), headers=headers)
            assert reply.headers["x-tollhouse-cache"] == "miss"
        same = await gate.new_key()
        reply = await gate.http.post(PATH, json=chat("hi"), headers={"authorization": f"Bearer {same}"})
        assert reply.headers["x-tollhouse-cache"] == "hit"


async def test_the_least_recently_used_answers_go_first(tmp_path: Path) -> None:
    async with live(tmp_path, profiles=CACHED) as gate:
        seen = [
            (await gate.http.post(PATH, json=chat(text))).headers["x-tollhouse-cache"]
            for text in ("a", "b", "a", "c", "a", "b")
        ]
        assert seen == ["miss", "miss", "hit", "miss", "hit", "miss"]


@pytest.mark.parametrize("stream", [False, True])
async def test_in_an_outage_the_latest_equal_answer_stands_in_and_says_so(tmp_path: Path, stream: bool) -> None:
    profiles = [{"name": "default", "degraded": {"last_good": True}}]
    model = {"stored_answer": "We are down.", "retries": {"attempts_max": 1}}
    async with live(tmp_path, profiles=profiles, model=model) as gate:
        first = await gate.http.post(PATH, json=chat("good words", stream=stream))
        assert "x-tollhouse-degraded" not in first.headers
        gate.upstream.fault(Fault("status", status=500))
        again = await gate.http.post(PATH, json=chat("good words", stream=stream))
        assert again.headers["x-tollhouse-degraded"] == "stored"
        assert said(again.text) == "good words"
        other = await gate.http.post(PATH, json=chat("other words", stream=stream))
        assert said(other.text) == "We are down."


async def test_an_answer_grows_old(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live(tmp_path, profiles=CACHED, clock=clock) as gate:
        seen = []
        for later_s in (0, 59, 2):
            clock.turn(later_s)
            seen.append((await gate.http.post(PATH, json=chat("hi"))).headers["x-tollhouse-cache"])
        assert seen == ["miss", "hit", "miss"]


def test_all_profiles_together_are_bounded_in_bytes() -> None:
    cache = Cache(ManualClock(), bytes_max=2_500)
    kept = []
    for name in ("default", "support", "research"):
        call = call_for(chat("hi"), name=name, cache={"ttl_s": 60})
        call.model = Model("m", (), (), None, Backoff())
        assert cache.admit(call) is None
        (event,) = CHAT.answer(call.clear or call.request, "x" * 300, reply_id="r", created_s=1)  # type: ignore[arg-type]
        cache.inspect(call, event)
        call.attempts.append(Attempt(call, None, 1, call.request, "a", complete=True))  # type: ignore[arg-type]
        cache.settle(call)
        kept.append(sum(shelf.size_bytes for shelf in cache._shelves.values()))
    assert 0 < kept[0] < kept[1] <= 2_500
    assert kept[2] <= 2_500
