"""State is a fold over events: the same events, the same state, in whole or in parts."""

from typing import Any

from agents.event import Event
from agents.state import fold


def events(*bodies: tuple[str, dict[str, Any]], step_us: int = 1_000_000) -> list[Event]:
    return [Event("r", seq, seq * step_us, kind, body) for seq, (kind, body) in enumerate(bodies, 1)]


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ANSWERED = {
    "key": "k",
    "at": "main",
    "message": {"role": "assistant", "content": "so far", "tool_calls": [CALL]},
    "finish": "tool_calls",
    "input_tokens": 5,
    "output_tokens": 2,
    "usd": "0.001",
    "ms": 500,
}
ASKED = {"key": "k", "at": "main", "n": 0, "phase": "act", "added": [{"role": "user", "content": "go"}]}
OPENED: tuple[str, dict[str, Any]] = ("opened", {"task": "go", "agent": "a", "budget": {}})


def test_sums_and_partial_come_from_the_steps() -> None:
    state = fold(events(OPENED, ("asked", ASKED), ("answered", ANSWERED)))
    assert (state.usage.tokens, state.usage.steps, str(state.usage.usd), state.partial) == (7, 1, "0.001", "so far")
    assert state.places == {("main", 0): "k"}


def test_a_call_without_a_result_gets_one_so_that_the_history_is_valid() -> None:
    state = fold(events(OPENED, ("asked", ASKED), ("answered", ANSWERED)))
    assert [message["role"] for message in state.messages()] == ["user", "assistant", "tool"]
    returned = {"key": "k.0", "id": "c1", "name": "f", "ok": True, "content": "42", "degraded": "cache", "ms": 1}
    state = fold(events(OPENED, ("asked", ASKED), ("answered", ANSWERED), ("returned", returned)))
    assert state.messages()[-1]["content"] == "42"
    assert state.result("r").degraded == ("f: cache",)


def test_time_without_a_process_is_not_active_time() -> None:
    state = fold(events(OPENED, ("asked", ASKED), ("resumed", {}), ("asked", ASKED), step_us=2_000_000))
    assert state.active_s == 4


def test_a_question_is_open_until_it_is_decided() -> None:
    waiting = {"key": "k.0", "id": "c1", "by": "runner", "name": "f", "arguments": "{}"}
    state = fold(events(OPENED, ("waiting", waiting)))
    assert [each.id for each in state.result("r").waiting] == ["c1"]
    state = fold(events(OPENED, ("waiting", waiting), ("decided", {"key": "k.0", "answer": True})))
    assert state.result("r").waiting == ()
    assert state.decided == {"k.0": True}


def test_only_a_completed_run_has_an_output() -> None:
    ended = {"status": "stopped", "stop": "steps", "message": "m", "account": None}
    result = fold(events(OPENED, ("answer", {"text": "x"}), ("ended", ended))).result("r")
    assert (result.output, result.partial, result.stop) == (None, "x", "steps")
