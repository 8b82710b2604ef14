"""Servers that count their tool calls: each conversation has ids of its own here, and the server gets back its own."""

import asyncio
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, ToolCall
from gateway.aliases import Aliases, Fresh
from gateway.bonds import KEPT_S
from gateway.config.profiles import ProfileSettings
from gateway.dialects import openai_request
from gateway.papers import HOUSE, Key
from gateway.papers.profile import resolve
from gateway.runs import INFERRED_S
from gateway.state.schema import SCHEMA
from limits.clock import ManualClock, SystemClock
from tests.faults.exact import ends, script
from tests.gateway.dialects import speech_chat, speech_messages, speech_responses
from tests.gateway.dialects.conformance import Heard, Speech, Tree, unwired
from tests.gateway.live import Live, live
from tests.gateway.shared import houses
from tests.servers.live import Postgres

pytestmark = pytest.mark.anyio

CALL_0 = Reply("", tool_calls=(ToolCall("a", {"note": "x"}, id="call_0"),))
COUNTED = script(rules=(Rule((CALL_0,), match="look"), Rule((Reply("fine"),))))
SPEECHES = {
    "/v1/chat/completions": speech_chat.SPEECH,
    "/v1/messages": speech_messages.SPEECH,
    "/v1/responses": speech_responses.SPEECH,
}
SPEAKS = {"dialects": [speech.dialect.name for speech in SPEECHES.values()]}
USERS = 6
every = pytest.mark.parametrize("path", SPEECHES)
PROFILE = resolve(ProfileSettings.model_validate({"name": "default"}))
MINE, OTHERS = Key("k1", "a", HOUSE, PROFILE), Key("k2", "b", HOUSE, PROFILE)


async def ask(gate: Live, path: str, tree: Tree, token: str | None = None) -> tuple[str | None, Heard]:
    """Ask, plain or as a stream; return the run that the reply names and what a client understands."""
    headers = {"authorization": f"Bearer {token or gate.token}"}
    reply = await gate.http.post(path, json=tree, headers=headers)
    assert reply.status_code == 200, reply.text
    speech = SPEECHES[path]
    if not tree.get("stream"):
        return reply.headers.get("x-tollhouse-run-id"), speech.heard(reply.json())
    told = "\n\n".join(block for block in reply.text.split("\n\n") if not block.startswith(":"))
    return reply.headers.get("x-tollhouse-run-id"), speech.followed(unwired(told.encode()))


def ids_of(speech: Speech, body: bytes) -> list[str]:
    """Return the ids of calls and results in a request as the upstream got it."""
    request = speech.dialect.parse(json.loads(body))
    return [*(call.id for call in request.calls), *(said.call_id for said in request.results)]


@every
@pytest.mark.parametrize("stream", [False, True])
async def test_conversations_at_once_whose_server_counts_from_0_never_meet(
    tmp_path: Path, path: str, stream: bool
) -> None:
    speech = SPEECHES[path]
    async with live(tmp_path, script=COUNTED, up=SPEAKS) as gate:

        async def conversation() -> tuple[set[str | None], list[str]]:
            asked = speech.asked("look there", ["a"], stream)
            run, heard = await ask(gate, path, asked)
            assert run is None
            ids, runs = [heard.calls[0][0]], set()
            for result in ("look again", "done"):
                asked = speech.goes_on(asked, heard.calls, result)
                run, heard = await ask(gate, path, asked)
                ids += [call[0] for call in heard.calls]
                runs.add(run)
            assert heard.text == "fine"
            return runs, ids

        ended = await asyncio.gather(*(conversation() for _ in range(USERS)))
        assert all(len(runs) == 1 for runs, _ in ended)
        runs = {run for each, _ in ended for run in each}
        assert None not in runs
        assert len(runs) == USERS
        ids = {each for _, got in ended for each in got}
        assert len(ids) == 2 * USERS
        assert all(re.fullmatch("(call|toolu)_[0-9a-f]{24}", each) for each in ids)
        assert all(set(ids_of(speech, seen.body)) <= {"call_0"} for seen in gate.upstream.seen)
        assert sum(len(ids_of(speech, seen.body)) for seen in gate.upstream.seen) == USERS * (2 + 4)
        for run in runs:
            assert (await gate.http.get(f"/v1/runs/{run}")).json()["used"]["tool_calls"] == 2
        assert {record["run_by"] for record in ends(gate)} == {"own", "inferred"}


@every
async def test_the_server_gets_its_own_ids_after_a_restart_and_another_key_gets_nothing(
    tmp_path: Path, path: str
) -> None:
    speech = SPEECHES[path]
    asked = speech.asked("look there", ["a"], False)
    async with live(tmp_path, script=COUNTED, up=SPEAKS) as gate:
        token = gate.token
        _, heard = await ask(gate, path, asked)
        released = heard.calls[0][0]
    async with live(tmp_path, script=COUNTED, up=SPEAKS, again=True) as gate:
        on = speech.goes_on(asked, heard.calls, "done")
        run, _ = await ask(gate, path, on, token)
        assert run is not None
        assert ids_of(speech, gate.upstream.seen[-1].body) == ["call_0", "call_0"]
        run, _ = await ask(gate, path, on)
        assert run is None, "of another key"
        assert ids_of(speech, gate.upstream.seen[-1].body) == [released, released]


async def test_where_nothing_is_inferred_ids_are_mapped_all_the_same_and_strong_ones_stay(tmp_path: Path) -> None:
    chat, path = speech_chat.SPEECH, "/v1/chat/completions"
    profiles = [{"name": "default", "run_identity": "off"}]
    for folder, up, own in (("weak", {}, False), ("strong", {"kind": "openai"}, True)):
        (tmp_path / folder).mkdir()
        async with live(tmp_path / folder, script=COUNTED, profiles=profiles, up=up) as gate:
            asked = chat.asked("look there", ["a"], False)
            _, heard = await ask(gate, path, asked)
            assert (heard.calls[0][0] == "call_0") is own
            run, _ = await ask(gate, path, chat.goes_on(asked, heard.calls, "done"))
            assert run is None
            assert ids_of(chat, gate.upstream.seen[-1].body) == ["call_0", "call_0"]


async def test_another_server_that_goes_on_gets_the_ids_that_nobody_else_has(tmp_path: Path) -> None:
    chat, path = speech_chat.SPEECH, "/v1/chat/completions"
    asked = chat.asked("look there", ["a"], False)
    async with live(tmp_path, script=COUNTED) as gate:
        _, heard = await ask(gate, path, asked)
        token = gate.token
    async with live(tmp_path, script=COUNTED, up={"kind": "openai"}, again=True) as gate:
        run, _ = await ask(gate, path, chat.goes_on(asked, heard.calls, "done"), token)
        assert run is not None
        assert ids_of(chat, gate.upstream.seen[-1].body) == [heard.calls[0][0]] * 2


async def test_what_a_counting_server_keeps_shows_the_ids_that_were_released(tmp_path: Path) -> None:
    tools = [{"type": "function", "name": "a", "parameters": {}}]
    async with live(tmp_path, script=COUNTED) as gate:
        body: dict[str, Any] = {"model": "m", "input": "look there", "tools": tools}
        conversation = (await gate.http.post("/v1/conversations", json={})).json()["id"]
        first = (await gate.http.post("/v1/responses", json={**body, "conversation": conversation})).json()
        call_id = first["output"][0]["call_id"]
        assert call_id != "call_0"
        seen = (await gate.http.get(f"/v1/responses/{first['id']}")).json()
        assert seen["output"][0]["call_id"] == call_id
        output = {"type": "function_call_output", "call_id": call_id, "output": "done"}
        body |= {"input": [output], "conversation": conversation}
        assert (await gate.http.post("/v1/responses", json=body)).json()["status"] == "completed"
        assert json.loads(gate.upstream.seen[-1].body)["input"][0]["call_id"] == "call_0"
        items = (await gate.http.get(f"/v1/conversations/{conversation}/items")).json()["data"]
        assert [item["call_id"] for item in items if "call_id" in item] == [call_id, call_id]
        more = {"items": [{**output, "output": "and more"}]}
        added = (await gate.http.post(f"/v1/conversations/{conversation}/items", json=more)).json()["data"]
        assert added[0]["call_id"] == call_id
        assert json.loads(gate.upstream.seen[-1].body)["items"][0]["call_id"] == "call_0"


async def test_every_process_that_shares_the_state_knows_the_ids(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with houses(tmp_path, postgres, monkeypatch, SystemClock()) as (one, other):
        here, there = (Aliases(house.book.query, SystemClock(), b"s" * 32) for house in (one, other))
        fresh = Fresh()
        released = fresh("call_", "0t0", "call_0")
        request = openai_request.parse(
            speech_chat.goes_on(speech_chat.asked("x", ["a"], False), [(released, "a", {})], "done")
        )
        await one.book.change(here.keep(MINE, fresh.said, ["resp_1"], SystemClock().utc_us() + 10**9))
        assert there.up(MINE, request).tree["messages"][1]["tool_calls"][0]["id"] == "call_0"
        assert there.released(MINE, "resp_1", "call_0") == released
        assert there.up(OTHERS, request) is request


def test_an_alias_is_its_keys_alone_expires_and_is_not_kept_if_it_is_too_long() -> None:
    base, clock = sqlite3.connect(":memory:"), ManualClock()
    for statement in SCHEMA:
        base.execute(statement)

    def aliases() -> Aliases:
        return Aliases(lambda sql, values: base.execute(sql, values).fetchall(), clock, b"s" * 32)

    until_us = clock.utc_us() + INFERRED_S * 1_000_000
    for sql, values in aliases().keep(MINE, {"call_new": "0", "call_long": "x" * 600}, ["resp"], until_us):
        base.execute(sql, values)
    known = aliases()
    asked = speech_chat.asked("x", [], False)
    request = openai_request.parse(speech_chat.goes_on(asked, [("call_new", "a", {}), ("call_long", "a", {})], "y"))
    for _ in range(2):
        sent = [said.get("tool_call_id") for said in known.up(MINE, request).tree["messages"]]
        assert sent == [None, None, "0", "call_long"]
        assert known.up(OTHERS, request) is request
        assert known.released(MINE, "resp", "0") == "call_new"
        assert known.released(MINE, "resp_2", "0") == "0"
    clock.turn(INFERRED_S)
    assert known.up(MINE, request) is request
    assert KEPT_S > INFERRED_S
    base.close()
