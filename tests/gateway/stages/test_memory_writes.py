"""What agents remember: no value gets into a memory that the policy does not let in, whichever way it is written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, ToolCall
from tests.faults.exact import script
from tests.gateway.live import Live, chat, live
from tests.gateway.tools.shop import SCHEMA, shop
from tests.gateway.tools.test_mcp import FIND, answer, listed, say, server

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
MAIL, CARD, OTHER = "bob@example.com", "4111 1111 1111 1111", "eve@example.org"
RUN = {"x-run-id": "r"}
GUARDS = {"memory": {"card": "mask"}, "memory_tools": ["memory", "remember_*", "notes.*", "read"]}
PROFILES = [{"name": "default", "guards": GUARDS}]


def offer(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


async def told(gate: Live) -> str:
    """Tell the model of MAIL and CARD; return the placeholder that it got for MAIL."""
    await gate.http.post(PATH, json=chat(f"I am {MAIL} with {CARD}"), headers=RUN)
    marks: list[str] = re.findall(r"EMAIL_\w{16}", gate.upstream.seen[-1].body.decode())
    return marks[0]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_memory_tool_that_runs_at_the_client_gets_placeholders_and_marks_and_others_values(
    tmp_path: Path, *, stream: bool
) -> None:
    async with live(tmp_path, profiles=PROFILES) as gate:
        mark = await told(gate)
        card = re.findall(r"CARD_\w{16}", gate.upstream.seen[-1].body.decode())[0]
        arguments = {"text": f"{mark} pays with {card}; so does {OTHER}"}
        calls = tuple(ToolCall(name, arguments) for name in ("remember_fact", "note"))
        gate.upstream.play(script(rules=(Rule((Reply(tool_calls=calls, event_chars=3),)),)))
        body = chat("go on", tools=[offer("remember_fact"), offer("note")], stream=stream)
        reply = await gate.http.post(PATH, json=body, headers=RUN)
        if stream:
            events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
            deltas = [
                call
                for event in events
                if event["choices"]
                for call in event["choices"][0]["delta"].get("tool_calls", ())
            ]
        else:
            deltas = reply.json()["choices"][0]["message"]["tool_calls"]
            deltas = [{"index": at, **call} for at, call in enumerate(deltas)]
        said = [
            "".join(each["function"].get("arguments") or "" for each in deltas if each["index"] == at) for at in (0, 1)
        ]
        kept, used = (json.loads(text)["text"] for text in said)
        assert kept.startswith(f"{mark} pays with [CARD]; so does EMAIL_")
        assert OTHER not in kept
        assert used == f"{MAIL} pays with {CARD}; so does {OTHER}"
        found = gate.records("outcome")[-1]["findings"]
        assert (found["email.memory.tokenize"], found["card.memory.mask"]) == (2, 1)


async def test_a_memory_server_behind_mcp_is_given_no_value(tmp_path: Path) -> None:
    notes = [{"name": "find", "restore": ["q"]}]
    async with shop() as tool, live(tmp_path, profiles=PROFILES, mcp=[server(tool, tools=notes)]) as gate:
        await listed(gate, tool, FIND)
        mark = await told(gate)
        tool.answers = [answer({"content": [{"type": "text", "text": "kept"}]})]
        arguments = {"q": f"{mark} and {OTHER} and {CARD}"}
        done = await say(gate, "tools/call", {"name": "find", "arguments": arguments}, x_run_id="r")
        assert done.json()["result"]["content"][0]["text"] == "kept"
        got = json.loads(tool.seen[-1].body)["params"]["arguments"]["q"]
        assert re.fullmatch(rf"{mark} and EMAIL_\w{{16}} and \[CARD\]", got)


async def test_a_function_that_remembers_is_told_what_it_may_keep(tmp_path: Path) -> None:
    local = {"name": "read", "kind": "local", "parameters": SCHEMA}
    async with live(tmp_path, profiles=PROFILES, tools=[local]) as gate:
        asked = {"arguments": {"q": f"{OTHER} pays with {CARD}"}}
        allowed = (await gate.http.post("/v1/tools/read/authorize", json=asked, headers=RUN)).json()
        assert re.fullmatch(r"EMAIL_\w{16} pays with \[CARD\]", allowed["arguments"]["q"])
        harmless = {"arguments": {"q": "shoes"}}
        allowed = (await gate.http.post("/v1/tools/read/authorize", json=harmless, headers=RUN)).json()
        assert allowed["arguments"] == {"q": "shoes"}


async def test_what_must_not_be_remembered_is_refused(tmp_path: Path) -> None:
    profiles = [
        {"name": "default", "guards": GUARDS | {"rules": [{"tools": ["memory"], "memory": {"email": "block"}}]}}
    ]
    async with live(tmp_path, profiles=profiles) as gate:
        mark = await told(gate)
        gate.upstream.play(script(rules=(Rule((Reply(tool_calls=(ToolCall("memory", {"text": mark}),)),)),)))
        reply = await gate.http.post(PATH, json=chat("go", tools=[offer("memory")]), headers=RUN)
        assert reply.json()["error"]["code"] == "content_blocked"


async def test_what_a_run_remembered_comes_back_as_itself_in_that_run_and_means_nothing_later(tmp_path: Path) -> None:
    async with live(tmp_path, profiles=PROFILES) as gate:
        mark = await told(gate)
        for run, said in (("r", MAIL), ("later", mark)):
            call = {"id": "c", "type": "function", "function": {"name": "recall", "arguments": "{}"}}
            messages = [
                {"role": "user", "content": "who?"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": f"it was {mark}"},
            ]
            gate.upstream.play(script(rules=(Rule((Reply(text=f"it was {mark}"),)),)))
            body = {"model": "m", "messages": messages}
            reply = await gate.http.post(PATH, json=body, headers={"x-run-id": run})
            assert reply.json()["choices"][0]["message"]["content"] == f"it was {said}"
