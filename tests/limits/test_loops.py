from hypothesis import given
from hypothesis import strategies as st

from limits.loops import LoopPolicy, ToolCall, Verdict, judge, nudge

POLICY = LoopPolicy()


def play(calls: list[ToolCall], policy: LoopPolicy = POLICY) -> list[tuple[str, str]]:
    """Judge every call after those before it."""
    verdicts = [judge(calls[:index], call.tool, call.key, policy) for index, call in enumerate(calls)]
    return [(verdict.action, verdict.rule if verdict.action != "pass" else "") for verdict in verdicts]


def test_identical_calls_are_nudged_at_the_third_and_refused_at_the_fifth() -> None:
    assert play([ToolCall("get", "k", "same")] * 5) == [
        ("pass", ""),
        ("pass", ""),
        ("nudge", "identical"),
        ("pass", ""),
        ("refuse", "identical"),
    ]


def test_calls_without_a_known_result_count_as_identical_too() -> None:
    assert play([ToolCall("get", "k")] * 5)[4] == ("refuse", "identical")


def test_an_a_b_cycle_is_nudged_in_its_third_round_and_refused_in_its_fifth() -> None:
    calls = [ToolCall("get", "a", "1"), ToolCall("put", "b", "2")] * 5
    assert play(calls)[4:9] == [
        ("nudge", "cycle"),
        ("nudge", "cycle"),
        ("pass", ""),
        ("pass", ""),
        ("refuse", "cycle"),
    ]


def test_a_cycle_of_three_is_a_cycle() -> None:
    calls = [ToolCall("t", key, key) for key in "abc"] * 5
    assert play(calls)[12] == ("refuse", "cycle")


def test_the_same_error_in_a_row_is_refused_whatever_the_arguments() -> None:
    calls = [ToolCall("get", f"k{n}", "not found", failed=True) for n in range(5)]
    assert play(calls) == [
        ("pass", ""),
        ("pass", ""),
        ("nudge", "same_error"),
        ("pass", ""),
        ("refuse", "same_error"),
    ]


def test_another_error_or_a_success_between_starts_anew() -> None:
    calls = [ToolCall("get", f"k{n}", f"error {n % 2}", failed=True) for n in range(6)]
    assert [action for action, _ in play(calls)] == ["pass"] * 6
    other = [ToolCall("put", "p", "x", failed=True), ToolCall("get", "g", "x", failed=True)] * 2
    assert judge(other, "get", "h", POLICY).action == "nudge"


def test_drifting_arguments_with_the_same_result_are_told_apart_from_searching() -> None:
    drifting = [ToolCall("search", f"k{n}", "nothing") for n in range(10)]
    assert play(drifting)[4] == ("nudge", "drifting")
    assert play(drifting)[9] == ("refuse", "drifting")
    searching = [ToolCall("search", f"k{n}", f"result {n}") for n in range(30)]
    assert {action for action, _ in play(searching)} == {"pass"}


def test_calls_whose_results_change_are_progress_and_only_warned_of() -> None:
    calls = [ToolCall("status", "k", f"{n} %") for n in range(8)]
    assert {action for action, _ in play(calls)} == {"pass", "warn"}


def test_tools_that_poll_are_exempt() -> None:
    policy = LoopPolicy(polling=frozenset({"status"}))
    assert {action for action, _ in play([ToolCall("status", "k", "wait")] * 20, policy)} == {"pass"}


def test_only_the_remembered_history_counts() -> None:
    policy = LoopPolicy(history_max=4)
    calls = [ToolCall("get", "k", "same"), *(ToolCall("x", f"k{n}", str(n)) for n in range(4))] * 5
    assert {action for action, _ in play(calls, policy)} == {"pass"}


def test_the_nudge_is_the_same_sentence_every_time() -> None:
    verdict = Verdict("nudge", "same_error", 3, 5)
    assert nudge(verdict, "get") == nudge(verdict, "get")
    assert "3 times without progress (same error)" in nudge(verdict, "get")


@given(st.lists(st.sampled_from([ToolCall("t", key, "r") for key in "abcd"]), max_size=40))
def test_no_call_passes_the_fifth_time_with_an_unchanged_result(history: list[ToolCall]) -> None:
    for call in (ToolCall("t", key, "r") for key in "abcd"):
        if history.count(call) >= 4:
            assert judge(history, "t", call.key, POLICY).action == "refuse"


def test_only_the_rules_that_policy_names_are_asked() -> None:
    same = [ToolCall("t", "k", "r")] * 6
    assert judge(same, "t", "k", LoopPolicy()).action == "refuse"
    assert judge(same, "t", "k", LoopPolicy(rules=frozenset({"cycle"}))).action == "pass"
    assert judge(same, "t", "k", LoopPolicy(rules=frozenset())).action == "pass"
