"""However a stream of tool calls is cut and its choices are mixed, the client gets what the whole would give."""

from typing import Any

import anyio
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.call import Event
from tests.gateway.stages.exchange import Stages, call_for

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}, "required": ["q"]}
REQUEST = {
    "model": "m",
    "messages": [{"role": "user", "content": "mail bob@example.com"}],
    "n": 3,
    "tools": [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("find", "look")],
}


def read(events: list[Event]) -> dict[int, dict[str, Any]]:
    """Add up a stream as OpenAI's clients do: by choice, by index, strings joined."""
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        for choice in (event.tree or {})["choices"]:
            sum_ = choices.setdefault(choice["index"], {"content": "", "calls": {}, "finish": None, "after": False})
            delta = choice["delta"]
            assert sum_["finish"] is None, "something came after the end of its choice"
            sum_["content"] += delta.get("content") or ""
            for call in delta.get("tool_calls") or ():
                whole = sum_["calls"].setdefault(call["index"], {"id": "", "name": "", "arguments": ""})
                assert call.get("id") or whole["id"], "arguments came before their call was opened"
                whole["id"] += call.get("id") or ""
                whole["name"] += call["function"].get("name") or ""
                whole["arguments"] += call["function"].get("arguments") or ""
            sum_["finish"] = choice["finish_reason"]
    return choices


arguments = st.one_of(
    st.builds(lambda q, n: orjson.dumps({"q": q, "n": n}).decode(), st.text(max_size=8), st.integers(0, 9)),
    st.sampled_from(['{"n":1}', '{"q":1}', '{"q":"a"', "", "[]", '{"q":"a","q":"b"}']),
)
calls = st.lists(st.tuples(st.sampled_from(["find", "look", "drop"]), arguments), max_size=3)
choices = st.lists(st.tuples(st.sampled_from(["", "Some words, then. "]), calls), min_size=3, max_size=3)


def deltas(index: int, text: str, proposed: list[tuple[str, str]], size: int) -> list[dict[str, Any]]:
    """One choice's chunks, arguments and text cut into pieces of `size` characters."""
    found: list[dict[str, Any]] = [{"role": "assistant", "content": None}]
    found += [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    for number, (name, said) in enumerate(proposed):
        opened = {"index": number, "id": f"call_{index}{number}", "type": "function"}
        found.append({"tool_calls": [{**opened, "function": {"name": name, "arguments": ""}}]})
        found += [
            {"tool_calls": [{"index": number, "function": {"arguments": said[at : at + size]}}]}
            for at in range(0, len(said), size)
        ]
    chunks = [{"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": None}]} for delta in found]
    finish = "tool_calls" if proposed else "stop"
    return [*chunks, {"id": "c", "choices": [{"index": index, "delta": {}, "finish_reason": finish}]}]


def passed(streams: list[list[dict[str, Any]]], order: list[int]) -> dict[int, dict[str, Any]]:
    call = call_for(REQUEST)
    stages = Stages()
    anyio.run(stages.admit, call)
    left = [list(stream) for stream in streams]
    mixed = [left[turn].pop(0) for turn in order if left[turn]]
    mixed += [tree for stream in left for tree in stream]
    return read(stages.inspect(call, mixed))


@settings(max_examples=60, deadline=None)
@given(choices, st.integers(1, 5), st.lists(st.integers(0, 2), max_size=60))
def test_any_cut_and_any_mixture_equals_the_whole(
    said: list[tuple[str, list[tuple[str, str]]]], size: int, order: list[int]
) -> None:
    whole = passed([deltas(at, text, proposed, 10_000) for at, (text, proposed) in enumerate(said)], [])
    cut = passed([deltas(at, text, proposed, size) for at, (text, proposed) in enumerate(said)], order)
    assert cut.keys() == whole.keys() == {0, 1, 2}
    for index, (text, proposed) in enumerate(said):
        released = cut[index]["calls"]
        if released:
            assert [(call["name"], call["arguments"]) for call in released.values()] == proposed
            assert list(released) == list(range(len(proposed)))
            assert cut[index]["finish"] == "tool_calls"
            assert all(name in ("find", "look") for name, _ in proposed)
        else:
            assert cut[index]["finish"] == "stop"
        assert cut[index]["content"].startswith(text)
        assert cut[index]["content"] == whole[index]["content"]
        assert released == whole[index]["calls"]


def test_everything_in_one_chunk_is_released_in_an_order_that_opens_a_call_first() -> None:
    tool_calls = [
        {"index": at, "id": f"c{at}", "type": "function", "function": {"name": "find", "arguments": f'{{"q":"{at}"}}'}}
        for at in range(2)
    ]
    tree = {
        "choices": [{"index": 0, "delta": {"content": "x", "tool_calls": tool_calls}, "finish_reason": "tool_calls"}]
    }
    found = passed([[tree], [], []], [])
    assert [call["arguments"] for call in found[0]["calls"].values()] == ['{"q":"0"}', '{"q":"1"}']
    assert found[0]["content"] == "x"


def test_members_that_we_do_not_know_survive_in_a_held_call() -> None:
    opened = {"index": 0, "id": "a", "function": {"name": "find", "arguments": ""}, "extra_content": {"signature": "s"}}
    trees = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [opened]}, "finish_reason": None}]},
        {
            "choices": [
                {
                    "index": 0,
                    "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"q":"a"}'}}]},
                    "finish_reason": None,
                }
            ]
        },
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    call = call_for(REQUEST)
    stages = Stages()
    anyio.run(stages.admit, call)
    events = stages.inspect(call, trees)
    assert b'"signature":"s"' in b"".join(orjson.dumps(event.tree) for event in events)


def test_a_name_that_comes_in_two_pieces_is_checked_as_clients_read_it() -> None:
    def piece(name: str, **more: Any) -> dict[str, Any]:
        call = {"index": 0, "function": {"name": name, "arguments": ""}, **more}
        return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]}

    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    found = passed([[piece("drop_", id="a"), piece("find"), end], [], []], [])
    assert not found[0]["calls"]
    assert "drop_find" in found[0]["content"]


def test_a_cut_off_call_is_never_released_and_says_length_still() -> None:
    opened = {"index": 0, "id": "a", "function": {"name": "find", "arguments": '{"q":'}}
    trees = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [opened]}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    ]
    found = passed([trees, [], []], [])
    assert (found[0]["calls"], found[0]["finish"]) == ({}, "length")


def test_more_calls_than_anyone_needs_are_refused_together() -> None:
    many = [("find", f'{{"q":"{at}"}}') for at in range(300)]
    found = passed([deltas(0, "", many, 1_000), [], []], [])
    assert found[0]["calls"] == {}
    assert "300 calls in one answer; at most 128" in found[0]["content"]


def test_the_old_function_call_is_held_and_checked_too() -> None:
    def piece(**function: str) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"function_call": function}, "finish_reason": None}]}

    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "function_call"}]}
    call = call_for(REQUEST)
    stages = Stages()
    anyio.run(stages.admit, call)
    good = stages.inspect(
        call, [piece(name="find", arguments=""), piece(arguments='{"q":'), piece(arguments='"a"}'), end]
    )
    said = [choice["delta"].get("function_call", {}) for event in good for choice in (event.tree or {})["choices"]]
    assert "".join(part.get("name", "") for part in said) == "find"
    assert "".join(part.get("arguments", "") for part in said) == '{"q":"a"}'
    bad = read(stages.inspect(call, [piece(name="find", arguments="{}"), dict(end, choices=[dict(end["choices"][0])])]))
    assert bad[0]["finish"] == "stop"
    assert "do not fit its schema" in bad[0]["content"]


def test_a_schema_is_held_against_the_clear_value_and_the_client_gets_it_back() -> None:
    schema = {"type": "object", "properties": {"to": {"type": "string", "pattern": "^[^@]+@example\\.com$"}}}
    request = {**REQUEST, "n": 1, "tools": [{"type": "function", "function": {"name": "mail", "parameters": schema}}]}
    call = call_for(request)
    stages = Stages()
    anyio.run(stages.admit, call)
    assert call.request is not None
    placeholder = call.request.texts[0].value.removeprefix("mail ")
    assert "@" not in placeholder
    found = read(stages.inspect(call, deltas(0, "", [("mail", f'{{"to":"{placeholder}"}}')], 3)))
    assert found[0]["calls"][0]["arguments"] == '{"to":"bob@example.com"}'
