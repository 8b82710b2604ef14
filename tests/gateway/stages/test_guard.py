"""What must not leave does not, and comes back as itself: in texts, in streams, in the arguments of tool calls."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, ToolCall
from tests.faults.exact import script
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
MAIL, CARD = "bob@example.com", "4111 1111 1111 1111"
TOOLS = [{"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}]


def echo(**parts: Any) -> Any:
    return script(rules=(Rule((Reply(**parts),)),))


async def said(gate: Live, text: str, **members: Any) -> dict[int, str]:
    """Return what the client reads of a stream, by choice."""
    texts: dict[int, str] = {}
    async with gate.client() as client:
        stream = await client.chat.completions.create(**chat(text, stream=True, **members))
        async for chunk in stream:
            for choice in chunk.choices:
                texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
    return texts


@pytest.mark.parametrize("chars", [1, 3, 7, 1_000])
async def test_a_stream_cut_anywhere_is_restored_in_each_of_its_choices(tmp_path: Path, chars: int) -> None:
    async with live(tmp_path, script=echo(event_chars=chars)) as gate:
        text = f"write to {MAIL} about {CARD}, then to {MAIL} again"
        assert await said(gate, text, n=3) == dict.fromkeys(range(3), text)
        assert MAIL.encode() not in gate.upstream.seen[-1].body
        assert b"4111" not in gate.upstream.seen[-1].body


async def test_a_value_in_any_place_of_the_request_leaves_as_a_placeholder(tmp_path: Path) -> None:
    async with live(tmp_path, script=echo()) as gate:
        call = {"id": "c", "type": "function", "function": {"name": "note", "arguments": json.dumps({"to": MAIL})}}
        messages = [
            {"role": "system", "content": f"you serve {MAIL}"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": f"found {MAIL}"},
            {"role": "user", "content": [{"type": "text", "text": f"and {MAIL}"}], "name": "x"},
        ]
        body = chat("", tools=TOOLS, metadata={"for": MAIL}, unknown=[{"deep": MAIL}], stop=[MAIL]) | {
            "messages": messages
        }
        reply = await gate.http.post(PATH, json=body)
        assert reply.status_code == 200, reply.text
        assert MAIL.encode() not in gate.upstream.seen[-1].body
        assert reply.json()["choices"][0]["message"]["content"] == f"and {MAIL}"
        assert int(reply.headers["x-tollhouse-redacted"]) >= 7


@pytest.mark.parametrize("stream", [False, True])
async def test_arguments_of_a_tool_call_come_whole_and_restored_and_stay_json(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path, script=echo(text="see {text}")) as gate:
        first = await gate.http.post(PATH, json=chat(MAIL), headers={"x-run-id": "r"})
        assert MAIL in first.text
        sent = json.loads(gate.upstream.seen[-1].body)["messages"][0]["content"]
        arguments = {"text": f'say "{sent}"', "number": 1.0, "list": [sent, None]}
        gate.upstream.play(echo(tool_calls=(ToolCall("note", arguments), ToolCall("note", {})), event_chars=3))
        async with gate.client() as client:
            asked = chat(MAIL, tools=TOOLS, stream=stream)
            pieces: dict[int, str] = {}
            if stream:
                async for chunk in await client.chat.completions.create(**asked, extra_headers={"x-run-id": "r"}):
                    for call in (chunk.choices[0].delta.tool_calls or ()) if chunk.choices else ():
                        pieces[call.index] = pieces.get(call.index, "") + (call.function.arguments or "")
            else:
                reply = await client.chat.completions.create(**asked, extra_headers={"x-run-id": "r"})
                pieces = dict(enumerate(call.function.arguments for call in reply.choices[0].message.tool_calls))
        assert json.loads(pieces[0]) == {"text": f'say "{MAIL}"', "number": 1.0, "list": [MAIL, None]}
        assert json.loads(pieces[1] or "{}") == {}


async def test_a_placeholder_of_one_run_means_nothing_in_another(tmp_path: Path) -> None:
    async with live(tmp_path, script=echo()) as gate:
        await gate.http.post(PATH, json=chat(MAIL), headers={"x-run-id": "one"})
        placeholder = json.loads(gate.upstream.seen[-1].body)["messages"][0]["content"]
        same = await gate.http.post(PATH, json=chat(placeholder), headers={"x-run-id": "one"})
        other = await gate.http.post(PATH, json=chat(placeholder), headers={"x-run-id": "two"})
        assert MAIL in same.text
        assert MAIL not in other.text


async def test_what_the_policy_blocks_is_refused_by_kind_and_place_never_by_value(tmp_path: Path) -> None:
    profiles = [{"name": "default", "guards": {"request": {"card": "block"}}}]
    async with live(tmp_path, script=echo(), profiles=profiles) as gate:
        reply = await gate.http.post(PATH, json=chat(f"charge {CARD}"))
        error = reply.json()["error"]
        assert (reply.status_code, error["code"], error["param"]) == (400, "content_blocked", "/messages/0/content")
        assert "card" in error["message"]
        assert "4111" not in reply.text + str(gate.records())
        assert not gate.upstream.seen


async def test_a_secret_in_a_reply_is_masked_even_if_the_log_probabilities_spell_it(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    async with live(tmp_path, script=echo(text=f"the key is {secret} so there", event_chars=2)) as gate:
        assert secret not in (await gate.http.post(PATH, json=chat("x"))).text
        assert secret not in (await said(gate, "x"))[0]


async def test_arguments_without_end_are_stopped_in_linear_time(tmp_path: Path) -> None:
    endless = ToolCall("note", json.dumps({"text": "x" * 1_200_000}))
    async with live(tmp_path, script=echo(tool_calls=(endless,), event_chars=40)) as gate:
        reply = await gate.http.post(PATH, json=chat("x", tools=TOOLS, stream=True, max_tokens=400_000))
        assert "content_blocked" in reply.text
        assert "[DONE]" not in reply.text
