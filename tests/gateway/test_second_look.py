"""What plug-ins see of replies: all of it, in streams too, cut anywhere; and what becomes of what they find."""

import asyncio
import json
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scripted import Reply as Said
from agents.scripted import Rule, ToolCall
from gateway.call import Call, Event, Reply, reply_of
from gateway.dialects.openai_chat import ChatReader
from gateway.errors import ContentBlocked, GuardUnavailable
from gateway.guards import Hit
from gateway.guards.plugin import Plugin, PluginFailed
from gateway.papers.guarding import Extra
from gateway.plugins import Plugins
from gateway.second_look import SecondLook
from tests.faults.exact import script
from tests.gateway.live import chat, live
from tests.gateway.stages.exchange import Stages, call_for
from tests.gateway.tools.shop import shop
from tests.gateway.tools.test_mcp import FIND, answer, listed, say, server

pytestmark = pytest.mark.anyio

HERE = "tests.gateway.guards.plugins_for_tests"
NAME = "Zaphod Beeblebrox"
TOOLS = [{"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}]


class Names(Plugin):
    """Finds a name; runs in this process, so that a property can ask it often. `fails` after some answers."""

    def __init__(self, answers: int = 1 << 30) -> None:
        super().__init__("names:here", deadline_s=1)
        self.left = answers
        self.shown: list[str] = []

    async def detect(self, texts: Sequence[str]) -> list[list[Hit]]:
        self.shown += texts
        if self.left == 0:
            raise PluginFailed("names:here broke (OSError)")
        self.left -= 1
        return [
            [Hit(at, at + len(NAME), "person", "names") for at in range(len(text)) if text.startswith(NAME, at)]
            for text in texts
        ]


class Here(Plugins):
    """One plug-in for all."""

    def __init__(self, plugin: Names) -> None:
        super().__init__()
        self.plugin = plugin

    def _plugin(self, extra: Extra) -> Plugin:  # noqa: ARG002
        return self.plugin


def call_under(action: str = "mask", **more: Any) -> Call:
    plugin = {"factory": "names:here", "where": ["reply"], **more}
    guards = {"reply": {"person": action, "email": "mask"}, "tool_arguments": {"person": action}, "plugins": [plugin]}
    return call_for(
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "n": 2, "tools": TOOLS}, guards=guards
    )


async def through(call: Call, batches: list[list[Event]], plugin: Names) -> list[Event]:
    """Return the events that go on: looked at, then inspected by Guard."""
    stages = Stages()
    stages.guard._plugins = Here(plugin)
    await stages.admit(call)
    assert call.look is not None
    left = iter(batches)

    async def read() -> list[Event] | None:
        return next(left, None)

    reply = call.look(Reply(read=read) if len(batches) != 1 else reply_of(batches[0]))
    out: list[Event] = []
    assert reply.read is not None
    while (events := await reply.read()) is not None:
        out += stages.guard.inspect_batch(call, events)
    return out


def texts_of(events: list[Event]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for event in events:
        for part in event.parts:
            if part.kind == "text":
                texts[part.choice] = texts.get(part.choice, "") + part.text
    return texts


def chunks(call: Call, deltas: list[tuple[int, dict[str, Any]]], choices: int = 2) -> list[list[Event]]:
    """Return the batches of a stream: a delta a batch, then each choice's end."""
    assert call.clear is not None
    reader = ChatReader(call.clear.choices, wants_usage=True)
    trees: list[dict[str, Any]] = [
        {"id": "c", "choices": [{"index": choice, "delta": delta, "finish_reason": None}]} for choice, delta in deltas
    ]
    ends = [
        {"id": "c", "choices": [{"index": choice, "delta": {}, "finish_reason": "stop"}]} for choice in range(choices)
    ]
    return [[reader.chunk(tree)] for tree in [*trees, *ends]]


def plain(call: Call, text: str) -> list[list[Event]]:
    choices = [
        {"index": choice, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for choice in range(2)
    ]
    assert call.clear is not None
    reader = ChatReader(call.clear.choices, wants_usage=True)
    return [[reader.plain(json.dumps({"id": "c", "choices": choices}).encode())]]


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(("It is so. ", f"{NAME} ", "w" * 70 + " ", "joe@example.org, ", "\n")), min_size=1, max_size=16
    ),
    st.lists(st.integers(0, 4_000), max_size=30),
)
def test_a_stream_cut_anywhere_in_several_choices_is_what_the_whole_reply_is(
    words: list[str], places: list[int]
) -> None:
    text = "".join(words)
    marks = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    pieces = [text[start:end] for start, end in pairwise(marks)]

    async def both() -> tuple[dict[int, str], dict[int, str]]:
        call = call_under()
        deltas = [(choice, {"content": piece}) for piece in pieces for choice in (0, 1)]
        streamed = await through(call, chunks(call, deltas), Names())
        call = call_under()
        return texts_of(streamed), texts_of(await through(call, plain(call, text), Names()))

    streamed, whole = asyncio.run(both())
    assert streamed == whole
    assert NAME not in whole[0] + whole[1]
    assert whole[0].count("[PERSON]") == text.count(NAME)
    assert whole[0].count("[EMAIL]") == text.count("joe@")


async def test_text_flows_as_soon_as_its_sentence_was_looked_at_and_not_before() -> None:
    call = call_under()
    sentence = "w " * 70 + f"says {NAME}. "
    batches = chunks(call, [(0, {"content": char}) for char in sentence + "Then"], choices=1)
    looked = SecondLook(call, Here(Names()), Stages().guard._redactor, (await _guarded(call))).at
    left = iter(batches)

    async def read() -> list[Event] | None:
        return next(left, None)

    reply = looked(Reply(read=read))
    assert reply.read is not None
    seen: list[int] = []
    while (events := await reply.read()) is not None:
        seen.append(len(events))
    assert seen.index(len(sentence)) == len(sentence) - 1  # the last character of the sentence lets all of it go
    assert sum(seen[: len(sentence) - 1]) == 0


async def _guarded(call: Call) -> Any:
    await Stages().admit(call)
    return call.kept["guard"]


@pytest.mark.parametrize("stream", [False, True])
async def test_arguments_are_looked_at_whole_and_stay_json_and_a_name_in_them_may_be_cut_anywhere(
    *, stream: bool
) -> None:
    arguments = json.dumps({"text": f'to "{NAME}"', NAME: 1, "n": 5})
    tool_call = {"index": 0, "id": "a", "type": "function", "function": {"name": "note", "arguments": ""}}
    call = call_under()
    if stream:
        more = [(0, {"tool_calls": [{"index": 0, "function": {"arguments": char}}]}) for char in arguments]
        batches = chunks(call, [(0, {"tool_calls": [tool_call]}), *more], choices=1)
    else:
        batches = plain(call, "")
        message = batches[0][0].tree["choices"][0]["message"]  # type: ignore[index]
        message["tool_calls"] = [{**tool_call, "function": {"name": "note", "arguments": arguments}}]
        assert call.clear is not None
        batches = [[ChatReader(1, wants_usage=True).plain(json.dumps(batches[0][0].tree).encode())]]
    events = await through(call, batches, Names())
    said = "".join(part.text for event in events for part in event.parts if part.kind == "arguments")
    assert json.loads(said) == {"text": 'to "[PERSON]"', "[PERSON]": 1, "n": 5}
    assert call.findings == {"person.tool_arguments.mask": 2}


async def test_what_blocks_ends_the_reply_before_any_of_it_is_released() -> None:
    call = call_under("block")
    with pytest.raises(ContentBlocked):
        await through(call, chunks(call, [(0, {"content": f"so {NAME}"})], choices=1), Names())


async def test_what_is_only_observed_is_counted_and_left() -> None:
    call = call_under("observe")
    events = await through(call, chunks(call, [(0, {"content": f"so {NAME}"})], choices=1), Names())
    assert texts_of(events)[0] == f"so {NAME}"
    assert call.findings == {"person.reply.observe": 1}


async def test_a_plug_in_that_fails_ends_the_stream_or_is_not_asked_again() -> None:
    def deltas() -> list[tuple[int, dict[str, Any]]]:
        return [(0, {"content": "w " * 70 + f"{NAME}. "}) for _ in range(4)]

    strict = call_under()
    with pytest.raises(GuardUnavailable):
        await through(strict, chunks(strict, deltas(), choices=1), Names(answers=2))
    lenient, names = call_under(on_failure="pass"), Names(answers=2)
    events = await through(lenient, chunks(lenient, deltas(), choices=1), names)
    assert texts_of(events)[0].count(NAME) == 2
    assert len(names.shown) == 3
    assert [each["decision"] for each in lenient.decisions].count("plugin_failed") == 1


async def test_calls_without_an_end_are_stopped() -> None:
    call = call_under()
    long = {"name": "note", "arguments": "x" * 600_000}
    deltas = [
        (0, {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": dict(long)}]}) for _ in range(2)
    ]
    with pytest.raises(ContentBlocked, match="characters of arguments"):
        await through(call, chunks(call, deltas, choices=1), Names())


async def test_a_profile_whose_plug_ins_see_requests_alone_reads_replies_as_ever() -> None:
    call = call_under(where=["request"])
    stages = Stages()
    stages.guard._plugins = Here(Names())
    await stages.admit(call)
    assert call.look is None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("route", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
async def test_in_every_dialect_a_found_name_reaches_no_client(tmp_path: Path, route: str, *, stream: bool) -> None:
    guards = {
        "reply": {"passport": "mask"},
        "tool_arguments": {"passport": "mask"},
        "plugins": [{"factory": f"{HERE}:names", "deadline_s": 20, "where": ["reply"]}],
    }
    kind = {"/v1/responses": {"kind": "openai"}, "/v1/messages": {"kind": "anthropic"}}.get(route, {})
    schema = {"type": "object"}
    body: dict[str, Any] = {"model": "m", "stream": stream, "max_tokens": 500}
    if route == "/v1/responses":
        body = {"model": "m", "stream": stream, "input": "hello", "tools": [{"type": "function", "name": "note"}]}
        body["tools"][0]["parameters"] = schema
    elif route == "/v1/messages":
        body |= {
            "messages": [{"role": "user", "content": "hello"}],
            "tools": [{"name": "note", "input_schema": schema}],
        }
    else:
        body |= chat("hello", stream=stream, tools=TOOLS)
    answer = script(
        rules=(
            Rule((Said(text="Ask Zaphod. " * 30, tool_calls=(ToolCall("note", {"to": "Zaphod"}),), event_chars=3),)),
        )
    )
    profiles = [{"name": "default", "guards": guards}]
    async with live(tmp_path, script=answer, profiles=profiles, up=kind) as gate:
        reply = await gate.http.post(route, json=body)
        assert reply.status_code == 200, reply.text
        assert "phod" not in reply.text
        assert "[PASSPORT]" in reply.text
        (outcome,) = gate.records("outcome")
        assert outcome["findings"]["passport.reply.mask"] == 30
        assert outcome["findings"]["passport.tool_arguments.mask"] == 1


async def test_what_a_tool_is_given_and_what_it_answers_is_looked_at_value_by_value(tmp_path: Path) -> None:
    guards = {
        "tool_arguments": {"passport": "mask"},
        "plugins": [{"factory": f"{HERE}:names", "deadline_s": 20}],
    }
    profiles = [{"name": "default", "guards": guards}]
    notes = [{"name": "find"}]
    async with shop() as tool:
        parts: dict[str, Any] = {
            "tools": [tool.settings("look")],
            "mcp": [server(tool, tools=notes)],
            "profiles": profiles,
        }
        async with live(tmp_path, **parts) as gate:
            tool.answers = [(200, "application/json", b'{"found": ["Zaphod", 1]}')] * 2
            for headers, shown in (({"x-run-id": "r"}, r"PASSPORT_\w{16}"), ({}, "Zaphod")):
                asked = {"arguments": {"q": "ask Zaphod"}}
                reply = await gate.http.post("/v1/tools/look/call", json=asked, headers=headers)
                assert tool.seen[-1].json == {"q": "ask [PASSPORT]"}
                # Outside a run nobody could turn a placeholder back: then it is only counted.
                assert re.fullmatch(shown, reply.json()["result"]["found"][0])
            await listed(gate, tool, FIND)
            tool.answers = [answer({"content": [{"type": "text", "text": "it is Zaphod"}]})]
            said = await say(gate, "tools/call", {"name": "find", "arguments": {"q": "Zaphod"}}, x_run_id="r")
            assert b"Zaphod" not in tool.seen[-1].body
            text = said.json()["result"]["content"][0]["text"]
            assert re.fullmatch(r"it is PASSPORT_\w{16}", text)
