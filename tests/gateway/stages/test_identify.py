"""Which run a call belongs to, who may say so, which session it names, and when its time is over."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule
from gateway.stages.identify import _SESSION_HEADERS
from tests.faults.exact import ECHO, ends, script
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def ask(gate: Live, path: str = PATH, **headers: str) -> dict[str, Any]:
    """Ask, and return the record with which the call ended."""
    await gate.http.post(path, json=chat("hello"), headers=headers)
    return ends(gate)[-1]


async def test_a_run_is_declared_by_its_key_its_path_or_a_header(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        by_key = await ask(gate, authorization=f"Bearer {run['key']}")
        by_path = await ask(gate, f"/runs/{run['id']}{PATH}")
        by_header = await ask(gate, **{"x-run-id": run["id"]})
        none = await ask(gate)
        assert [record["run_by"] for record in (by_key, by_path, by_header, none)] == ["key", "path", "header", "own"]
        assert by_key["run"] == by_path["run"] == by_header["run"] == run["id"]
        assert "run" not in none


async def test_a_client_s_own_id_opens_its_run_once_and_never_stands_in_the_book(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        said = {"x-run-id": "ticket of bob@example.com"}
        replies = await asyncio.gather(*(gate.http.post(PATH, json=chat("hello"), headers=said) for _ in range(8)))
        assert {reply.status_code for reply in replies} == {200}
        assert len({record["run"] for record in ends(gate)}) == 1
        other = {**said, "authorization": f"Bearer {await gate.new_key()}"}
        await gate.http.post(PATH, json=chat("hello"), headers=other)
        assert len({record["run"] for record in ends(gate)}) == 2, "equal ids of two keys never meet"
        assert "bob@" not in str(gate.records())


async def test_a_run_s_key_speaks_for_its_own_run_only(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        other = (await gate.http.post("/v1/runs", json={})).json()
        record = await ask(gate, **{"authorization": f"Bearer {run['key']}", "x-run-id": other["id"]})
        assert record["status"]["code"] == "not_allowed"
        stranger = f"Bearer {await gate.new_key()}"
        record = await ask(gate, **{"authorization": stranger, "x-run-id": run["id"]})
        assert record["status"]["code"] == "run_not_found", "another key's run does not exist"


async def test_an_ended_run_takes_nothing_more(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        await gate.http.post(f"/v1/runs/{run['id']}/cancel")
        reply = await gate.http.post(PATH, json=chat("hello"), headers={"x-run-id": run["id"]})
        assert (reply.status_code, reply.json()["error"]["code"]) == (402, "run_ended")
        assert not gate.upstream.seen


@pytest.mark.parametrize(
    ("headers", "words"), [({"x-run-id": "x" * 257}, "256"), ({"x-tollhouse-phase": "dream"}, "one of act")]
)
async def test_headers_that_say_nothing_sensible_are_400(tmp_path: Path, headers: dict[str, str], words: str) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        reply = await gate.http.post(PATH, json=chat("hello"), headers=headers)
        assert reply.status_code == 400
        assert words in reply.json()["error"]["message"]


async def test_a_profile_may_ask_for_a_declared_run(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, profiles=[{"name": "default", "run_identity": "required"}]) as gate:
        assert (await ask(gate))["status"]["code"] == "not_allowed"
        assert (await ask(gate, **{"x-run-id": "mine"}))["status"]["http"] == 200


async def test_a_session_is_recorded_under_a_pseudonym(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        first = await ask(gate, **{"x-session-id": "chat of bob@example.com"})
        again = await ask(gate, **{"x-litellm-session-id": "chat of bob@example.com"})
        other = await ask(gate, **{"x-session-id": "another"})
        assert first["session"] == again["session"] != other["session"]
        assert "bob" not in str(gate.records())


async def test_a_session_is_named_by_any_vendors_header_by_baggage_or_in_the_body(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        named = [await ask(gate, **{header: "one"}) for header in _SESSION_HEADERS]
        named.append(await ask(gate, baggage="a=b;c=d, gen_ai.conversation.id = on%65;ttl=1"))
        named.append(await ask(gate, baggage="gen_ai.conversation.id=two", **{"thread-id": "one"}))
        await gate.http.post(PATH, json=chat("hello", metadata={"session_id": "one"}))
        named.append(ends(gate)[-1])
        assert len({record["session"] for record in named}) == 1
        for nothing in ({"baggage": "gen_ai.conversation.id="}, {"baggage": "user=one"}, {"x-session-id": ""}):
            assert "session" not in await ask(gate, **nothing)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_ends_at_its_deadline_with_504_or_the_error_event(tmp_path: Path, stream: bool) -> None:
    slow = script(rules=(Rule((Reply("word by word " * 20, event_gap_s=0.1),), match="tell"),))
    async with live(tmp_path, script=slow, profiles=[{"name": "default", "call": {"deadline_s": 0.5}}]) as gate:
        if not stream:
            gate.upstream.fault("hang", times=1)
        reply = await gate.http.post(PATH, json=chat("tell", stream=stream))
        assert "deadline_exceeded" in reply.text
        assert reply.status_code == (200 if stream else 504)
        assert "[DONE]" not in reply.text
        (record,) = ends(gate)
        assert record["status"]["param"] == "call.deadline_s"
        assert record["billed"][0]["mark"] == "uncertain"


async def test_a_client_may_shorten_its_deadline_and_never_stretch_it(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, profiles=[{"name": "default", "call": {"deadline_s": 1}}]) as gate:
        for asked, whose in (("0.2", "x-tollhouse-deadline-s of the request"), ("900", "call.deadline_s of profile")):
            gate.upstream.fault("hang", times=1)
            reply = await gate.http.post(PATH, json=chat("hello"), headers={"x-tollhouse-deadline-s": asked})
            assert (reply.status_code, whose in reply.json()["error"]["message"]) == (504, True)
        for wrong in ("soon", "0", "-1", "nan", "inf"):
            record = await ask(gate, **{"x-tollhouse-deadline-s": wrong})
            assert record["status"]["param"] == "x-tollhouse-deadline-s"


async def test_an_upstream_is_told_how_long_the_call_may_take_if_it_has_a_header_for_that(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, up={"deadline_header": "x-left-s"}) as gate:
        await ask(gate, **{"x-tollhouse-deadline-s": "7"})
        assert 6 < float(dict(gate.upstream.seen[-1].headers)["x-left-s"]) <= 7
