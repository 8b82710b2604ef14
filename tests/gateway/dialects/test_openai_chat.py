"""Chunks of a chat become events and go out as they came; what is none of a chat is the provider's failure."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.call import Event
from gateway.dialects.openai_chat import OpenAIChat
from gateway.errors import DeadlineExceeded, UpstreamError
from gateway.upstream.sse import SseParser
from tests.gateway.live import chat

CHAT = OpenAIChat()


def chunk(index: int = 0, finish: str | None = None, usage: Any = None, **delta: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}],
        "usage": usage,
        "unknown": [1.0, {"x": None}],
    }


USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 2}}
STREAM: list[dict[str, Any]] = [
    chunk(role="assistant", content=""),
    chunk(content="Hé"),
    chunk(1, content="other"),
    chunk(reasoning_content="hmm"),
    chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "mail", "arguments": '{"to"'}}]),
    chunk(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
    chunk(1, tool_calls=[{"index": 0, "id": "b", "type": "custom", "custom": {"name": "run", "input": "x"}}]),
    chunk(finish="tool_calls"),
    chunk(1, refusal="no", finish="stop"),
    {"id": "c", "choices": [], "usage": USAGE},
]
WIRE = b"".join(b"data: %b\n\n" % json.dumps(one, ensure_ascii=False).encode() for one in STREAM) + b"data: [DONE]\n\n"


def read(pieces: list[bytes], **members: Any) -> list[Event]:
    reader, parser = CHAT.reader(CHAT.parse(chat("x", stream=True, n=2, **members))), SseParser()
    events = []
    for piece in pieces:
        events += reader.feed(parser.feed(piece))
    assert reader.finished
    return events


def lanes(events: list[Event]) -> dict[str, str]:
    said: dict[str, str] = {}
    for event in events:
        for part in event.parts:
            said[part.lane] = said.get(part.lane, "") + part.text
    return said


@given(st.lists(st.integers(0, len(WIRE)), max_size=12))
def test_any_cut_of_a_stream_reads_as_the_whole_and_goes_out_as_it_came(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(WIRE)]
    events = read([WIRE[a:b] for a, b in itertools.pairwise(at)], stream_options={"include_usage": True})
    assert lanes(events) == {
        "0": "Hé",
        "1": "other",
        "0k": "hmm",
        "0t0": '{"to":1}',
        "1c0": "x",
        "1r": "no",
    }
    assert [json.loads(CHAT.write(event)[6:]) for event in events[:-1]] == STREAM
    assert CHAT.write(events[-1]) == b"data: [DONE]\n\n"


def test_ends_terminal_events_usage_and_tool_calls_are_told() -> None:
    events = read([WIRE])
    assert [event.ends for event in events if event.ends] == [(0,), (1,)]
    assert [event.terminal for event in events] == [False] * 7 + [True] * 4
    assert [event.finish for event in events if event.finish] == ["tool_calls", "stop"]
    usage = events[-2].usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (5, 7, 2)
    assert events[-2].silent, "the client did not ask for it"
    calls = [(part.call_id, part.name) for event in events for part in event.parts if part.kind == "arguments"]
    assert calls == [("a", "mail"), ("a", "mail"), ("b", "run")]
    assert b"usage" not in b"".join(map(CHAT.write, events[:-2]))


@pytest.mark.parametrize(
    "usage",
    [
        *({}, {"prompt_tokens": 5}, {"prompt_tokens": -1, "completion_tokens": 1}),
        *({"prompt_tokens": "5", "completion_tokens": 1}, {"prompt_tokens": True, "completion_tokens": 1}),
        *({"prompt_tokens": 2**60, "completion_tokens": 1}, {"prompt_tokens": 1.5, "completion_tokens": 1}),
        {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}},
    ],
)
def test_a_report_that_cannot_be_true_is_none(usage: dict[str, Any]) -> None:
    reader = CHAT.reader(CHAT.parse(chat("x")))
    body = {"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}], "usage": usage}
    assert reader.plain(json.dumps(body).encode()).usage is None


@pytest.mark.parametrize(
    "tree",
    [
        *(
            None,
            1,
            "x",
            [],
            {},
            {"choices": None},
            {"choices": [1]},
            {"choices": [{}]},
            {"error": {"message": "secret"}},
        ),
        *({"choices": [{"index": 0, "delta": 3}]}, {"choices": [{"index": 0, "delta": {"content": 7}}]}),
        *({"choices": [{"index": [], "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": 7}),
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": {}}}]}}]},
    ],
)
def test_a_chunk_that_is_none_is_an_upstream_error_that_quotes_nothing(tree: Any) -> None:
    reader = CHAT.reader(CHAT.parse(chat("x", stream=True)))
    with pytest.raises(UpstreamError) as failed:
        reader.feed([json.dumps(tree).encode()])
    assert "secret" not in str(failed.value)


def test_setting_a_text_changes_the_tree_and_drops_the_log_probabilities_that_spell_it_out() -> None:
    reader = CHAT.reader(CHAT.parse(chat("x", stream=True)))
    tree = chunk(content="bob")
    tree["choices"][0]["logprobs"] = {"content": [{"token": "bob"}]}
    (event,) = reader.feed([json.dumps(tree).encode()])
    event.parts[0].text = "EMAIL_x"
    assert b"bob" not in CHAT.write(event)
    assert b"EMAIL_x" in CHAT.write(event)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_of_our_own_reads_as_a_whole_reply(stream: bool) -> None:
    request = CHAT.parse(chat("x", stream=stream, n=2))
    events = CHAT.answer(request, "closed", reply_id="r", created_s=1)
    assert lanes(events) == {"0": "closed", "1": "closed"}
    assert sorted(end for event in events for end in event.ends) == [0, 1]
    assert events[-1].terminal


def test_what_an_upstream_gets_differs_in_the_named_members_only() -> None:
    request = CHAT.parse(chat("x", stream=True, max_tokens=5, temperature=0.5, stream_options={"a": 1}))
    sent = CHAT.members(request, model="real", limit_field="max_completion_tokens", output_tokens=4).tree
    assert sent == {
        "model": "real",
        "messages": request.tree["messages"],
        "stream": True,
        "temperature": 0.5,
        "max_completion_tokens": 4,
        "stream_options": {"a": 1, "include_usage": True},
    }
    assert request.tree["max_tokens"] == 5


def test_asking_again_appends_the_answer_and_the_wish() -> None:
    again = CHAT.ask_again(CHAT.parse(chat("x")), "bad", "better")
    assert [message["role"] for message in again.tree["messages"]] == ["user", "assistant", "user"]


def test_errors_are_a_body_or_an_event_and_no_terminal_marker() -> None:
    ending = DeadlineExceeded("late")
    assert json.loads(CHAT.error(ending, "call_1"))["error"]["code"] == "deadline_exceeded"
    event = CHAT.error_event(ending, "call_1")
    assert event.startswith(b'data: {"error":')
    assert b"[DONE]" not in event
