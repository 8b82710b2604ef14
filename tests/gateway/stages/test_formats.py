"""A format that was asked for, held against answers: plain and streamed, in each dialect that can ask for one."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Script, ToolCall
from gateway.stages.formats import format_of
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
SHAPE = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
ASKED = {"type": "json_schema", "json_schema": {"name": "x", "schema": SHAPE}}
GOOD, BAD = '{"age": 7}', '{"age": "old"}'
OFFER = [{"type": "function", "function": {"name": "note", "parameters": {"type": "object"}}}]


def settings(mode: str, *replies: Reply, **more: Any) -> dict[str, Any]:
    guards = {"response_format": mode}
    return {"script": Script(steps=replies), "profiles": [{"name": "default", "guards": guards}], **more}


def said(stream: str) -> str:
    """Return the text of a chat stream."""
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event.get("choices"))


@pytest.mark.parametrize(
    ("mode", "answers", "ends"),
    [
        ("check", (GOOD,), GOOD),
        ("check", (BAD,), "output_invalid"),
        ("check", ("",), "output_invalid"),
        ("check", ('{"age": 7',), "output_invalid"),
        ("off", (BAD,), BAD),
        ("ask_again", (BAD, GOOD), GOOD),
        ("ask_again", (BAD, BAD), "output_invalid"),
        ("ask_again", (GOOD,), GOOD),
    ],
)
async def test_a_stream_that_does_not_fit_ends_with_an_error_or_was_held_and_asked_for_once_more(
    tmp_path: Path, mode: str, answers: tuple[str, ...], ends: str
) -> None:
    replies = [Reply(text=text, event_chars=2) for text in answers]
    async with live(tmp_path, **settings(mode, *replies)) as gate:
        reply = await gate.http.post(PATH, json=chat("age?", response_format=ASKED, stream=True))
        assert len(gate.upstream.seen) == len(answers)
        if ends == "output_invalid":
            assert '"code":"output_invalid"' in reply.text
            assert "[DONE]" not in reply.text
            assert answers[-1].startswith(said(reply.text))
        else:
            assert said(reply.text) == ends
            assert reply.text.rstrip().endswith("[DONE]")
        (outcome,) = gate.records("outcome")
        asked = [each for each in outcome["decisions"] if each["decision"] == "asked_again"]
        assert len(asked) == len(answers) - 1
        assert len(outcome["billed"]) == len(answers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(text='{"age":', finish="length"), "length"),
        (Reply(text="", tool_calls=(ToolCall("note", {}),)), "tool_calls"),
    ],
)
async def test_cut_answers_and_tool_calls_go_on_as_they_are_and_the_record_says_that_nothing_was_checked(
    tmp_path: Path, reply: Reply, why: str, *, stream: bool
) -> None:
    async with live(tmp_path, **settings("check", reply)) as gate:
        got = await gate.http.post(PATH, json=chat("age?", response_format=ASKED, stream=stream, tools=OFFER))
        assert got.status_code == 200
        assert "output_invalid" not in got.text
        (outcome,) = gate.records("outcome")
        (found,) = [each for each in outcome["decisions"] if each["decision"] == "format_not_checked"]
        assert found["finish"] in {why, "tool_use"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("route", "kind", "members"),
    [
        (
            "/v1/responses",
            "openai",
            {"input": "age?", "text": {"format": {"type": "json_schema", "name": "x", "schema": SHAPE}}},
        ),
        (
            "/v1/messages",
            "anthropic",
            {
                "max_tokens": 99,
                "messages": [{"role": "user", "content": "age?"}],
                "output_config": {"format": {"type": "json_schema", "schema": SHAPE}},
            },
        ),
    ],
)
async def test_other_dialects_formats_are_held_to_as_well(
    tmp_path: Path, route: str, kind: str, members: dict[str, Any], *, stream: bool
) -> None:
    replies = [Reply(text=text, event_chars=3) for text in (BAD, GOOD, GOOD)]
    async with live(tmp_path, **settings("ask_again", *replies, up={"kind": kind})) as gate:
        for sent in (2, 3):
            reply = await gate.http.post(route, json={"model": "m", "stream": stream, **members})
            assert reply.status_code == 200, reply.text
            assert "old" not in reply.text
            assert len(gate.upstream.seen) == sent


def test_a_format_stands_where_each_api_puts_it_and_free_text_is_none() -> None:
    assert format_of({"response_format": ASKED}) == SHAPE
    assert format_of({"response_format": {"type": "json_object"}}) == {}
    assert format_of({"text": {"format": {"type": "json_schema", "schema": SHAPE}}}) == SHAPE
    assert format_of({"output_format": {"type": "json_schema", "schema": SHAPE}}) == SHAPE
    assert format_of({"output_config": {"format": {"type": "json_schema", "schema": SHAPE}}}) == SHAPE
    assert format_of({"response_format": {"type": "json_schema", "json_schema": 7}}) == {}
    for tree in ({}, {"response_format": {"type": "text"}}, {"text": {"verbosity": "low"}}, {"text": 7}):
        assert format_of(tree) is None
