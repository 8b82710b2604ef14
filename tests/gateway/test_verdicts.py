from gateway.errors import BudgetExceeded, BudgetHeld, RunEnded
from gateway.verdicts import ending_of
from limits.refusals import Ended, Exceeded, Held


def test_a_used_up_run_names_limit_and_figure_and_is_not_to_be_repeated() -> None:
    ending = ending_of(Exceeded("run:abc", "tokens", "total", 50_000, 49_900, 300))
    assert isinstance(ending, BudgetExceeded)
    assert (ending.status, ending.param, ending.limit, ending.actual, ending.retry) == (
        402,
        "run.tokens",
        50_000,
        49_900,
        False,
    )
    assert "run abc may use 50000 tokens: 49900 are used, and this call needs 300 more" in ending.message


def test_money_is_told_in_dollars_and_its_window() -> None:
    ending = ending_of(Exceeded("tenant:acme", "nano_usd", "month", 100_000_000_000, 99_999_000_000, 2_000_000))
    assert ending.param == "tenant.usd"
    assert (ending.limit, ending.actual) == ("100.00", "99.999")
    assert "100.00 usd a month" in ending.message


def test_what_is_only_held_may_be_asked_again() -> None:
    ending = ending_of(Held("key:k", "nano_usd", "total", 10, 4, 5, 3), retry_after_s=2)
    assert isinstance(ending, BudgetHeld)
    assert (ending.status, ending.retry, ending.retry_after_s) == (429, True, 2)


def test_a_run_s_end_is_told_apart_from_its_used_up_time_and_from_a_stopped_tenant() -> None:
    assert isinstance(ending_of(Ended("run:r", "killed")), RunEnded)
    timed = ending_of(Ended("run:r", "seconds"))
    assert isinstance(timed, BudgetExceeded)
    assert timed.param == "run.seconds"
    stopped = ending_of(Ended("tenant:t", "killed"))
    assert stopped.param == "tenant"
