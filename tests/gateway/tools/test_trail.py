"""A run's trail: a history that is sent again adds nothing, and a note once given stays the same."""

import time

from hypothesis import given
from hypothesis import strategies as st

from gateway.call import Text, ToolCall, ToolResult
from gateway.tools.trail import READ_MAX, SEEN_MAX, Trail, Trails, key_of
from limits.loops import LoopPolicy

SECRET = b"s" * 32
POLICY = LoopPolicy()


def history(keys: str, *, ids: str | None = None) -> tuple[list[ToolCall], list[ToolResult], list[Text]]:
    """One call a letter: the letter is the argument and the result."""
    names = ids if ids is not None else [f"id{n}" for n in range(len(keys))]
    calls = [ToolCall(name, "t", f'{{"a":"{key}"}}') for name, key in zip(names, keys, strict=True)]
    results = [ToolResult(call.id, (n,)) for n, call in enumerate(calls)]
    return calls, results, [Text(("x",), key, "tool") for key in keys]


def test_a_key_is_equal_for_the_same_call_however_it_is_written_and_tells_nothing() -> None:
    key = key_of(SECRET, "t", '{"a": 1, "b": "x"}')
    assert key == key_of(SECRET, "t", '{"b":"\\u0078","a":1}')
    assert key != key_of(SECRET, "u", '{"a": 1, "b": "x"}')
    assert key != key_of(b"o" * 32, "t", '{"a": 1, "b": "x"}')
    assert key_of(SECRET, "t", "broken {") != key_of(SECRET, "t", "broken [")


@given(st.text(alphabet="abc", max_size=24))
def test_reading_a_growing_history_again_and_again_equals_reading_it_once(keys: str) -> None:
    grown, once = Trail(SECRET, POLICY), Trail(SECRET, POLICY)
    new = 0
    for size in range(len(keys) + 1):
        new += grown.read(*history(keys[:size])).new
    once.read(*history(keys))
    assert new == len(keys)
    assert grown.steps == once.steps
    calls, results, _ = history(keys)
    assert list(grown.notes(calls, results)) == list(once.notes(calls, results))


@given(st.text(alphabet="ab", max_size=24), st.integers(1, 24))
def test_a_note_once_given_is_the_same_in_every_longer_history(keys: str, size: int) -> None:
    def notes(part: str) -> dict[str, str]:
        trail = Trail(SECRET, POLICY)
        calls, results, texts = history(part)
        trail.read(calls, results, texts)
        return {result.call_id: note for result, note in trail.notes(calls, results)}

    short, long = notes(keys[:size]), notes(keys)
    assert short.items() <= long.items()


def test_the_third_identical_call_is_nudged_and_the_fifth_refused() -> None:
    trail = Trail(SECRET, POLICY)
    calls, results, texts = history("aaaa")
    trail.read(calls, results, texts)
    assert [result.call_id for result, _ in trail.notes(calls, results)] == ["id2"]
    assert trail.judge("t", trail.key("t", '{"a":"a"}')).action == "refuse"
    assert trail.judge("t", trail.key("t", '{"a":"b"}')).action == "pass"


def test_ids_that_repeat_are_told_apart_by_their_order() -> None:
    trail = Trail(SECRET, POLICY)
    calls, results, texts = history("abc", ids="000")
    assert trail.read(calls, results, texts).new == 3
    assert trail.read(calls, results, texts).new == 0
    trail.propose("0", "t", trail.key("t", "{}"), calls)
    assert trail.read([*calls, ToolCall("0", "t", "{}")], results, texts).new == 0


def test_a_released_call_is_not_new_when_it_comes_back_and_its_result_closes_it() -> None:
    trail = Trail(SECRET, POLICY)
    trail.propose("x", "t", trail.key("t", "{}"), ())
    trail.propose("x", "t", trail.key("t", "{}"), ())
    new, closed = trail.read([ToolCall("x", "t", "{}")], [ToolResult("x", (0,))], [Text(("a",), "done", "tool")])
    assert (new, closed) == (0, [("x", trail.steps[0])])
    assert len(trail.steps) == 1
    assert trail.steps[0].outcome


def test_parallel_calls_of_one_answer_are_judged_after_one_another() -> None:
    trail = Trail(SECRET, POLICY)
    key = trail.key("t", "{}")
    trail.propose("1", "t", key, ())
    step = trail.steps[0]
    assert trail.judge("t", key, [step, step, step]).action == "refuse"


def test_the_trail_is_bounded_and_forgets_the_oldest() -> None:
    trail = Trail(SECRET, POLICY)
    for at in range(SEEN_MAX + 10):
        trail.propose(f"id{at}", "t", trail.key("t", str(at % 3)), ())
    assert len(trail.steps) == SEEN_MAX
    assert trail.read([ToolCall(f"id{SEEN_MAX + 9}", "t", "0")], [], []).new == 0
    assert trail.read([ToolCall("id0", "t", "0")], [], []).new == 1


def test_failures_in_a_row_are_judged_though_their_arguments_differ() -> None:
    trail = Trail(SECRET, POLICY)
    for at in range(4):
        call = ToolCall(f"id{at}", "t", f'{{"a":{at}}}')
        trail.read([call], [ToolResult(call.id, (0,), failed=True)], [Text(("x",), "no such file", "tool")])
    verdict = trail.judge("t", trail.key("t", '{"a":9}'))
    assert (verdict.action, verdict.rule) == ("refuse", "same_error")


def test_a_declared_run_has_one_trail_and_other_calls_one_each() -> None:
    trails = Trails(SECRET, trails_max=1)
    first, new = trails.of("r", POLICY)
    assert new
    assert trails.of("r", POLICY) == (first, False)
    assert trails.of(None, POLICY)[0] is not trails.of(None, POLICY)[0]
    trails.of("s", POLICY)
    assert trails.of("r", POLICY)[1]


def test_a_history_made_of_loops_is_read_in_bounded_time() -> None:
    calls, results, texts = history("ab" * 1_000)
    trail = Trail(SECRET, POLICY)
    began = time.process_time()
    assert trail.read(calls, results, texts).new == READ_MAX
    assert time.process_time() - began < 0.2


def test_results_that_come_without_their_calls_are_those_of_calls_known_here_and_carry_their_notes() -> None:
    trail = Trail(SECRET, POLICY)
    key = trail.key("t", "{}")
    closed, noted = [], []
    for at in range(4):
        trail.propose(f"id{at}", "t", key, ())
        results, texts = [ToolResult(f"id{at}", (0,)), ToolResult("unknown", (0,))], [Text(("x",), "same", "tool")]
        closed += [call_id for call_id, _ in trail.read((), results, texts).closed]
        assert trail.read((), results, texts).closed == []
        noted += [result.call_id for result, _ in trail.notes((), results)]
    assert closed == ["id0", "id1", "id2", "id3"]
    assert noted == ["id2"]
    assert trail.judge("t", key).action == "refuse"


def test_a_run_that_goes_on_from_a_call_has_its_trail_once() -> None:
    trails = Trails(SECRET)
    trail, _ = trails.of(None, POLICY)
    trails.expect("r", trail)
    assert trails.of("r", POLICY) == (trail, True)
    assert trails.of("r", POLICY) == (trail, False)
