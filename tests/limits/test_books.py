import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CountEntry, HoldEntry, RunOpenedEntry
from limits.ledger import EmbeddedLedger, Order
from limits.refusals import Ended, Exceeded
from limits.runs import RunLimits


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def books(clock: ManualClock) -> EmbeddedLedger:
    return EmbeddedLedger(clock)


def test_a_run_s_scopes_are_its_own_and_its_ancestors_nearest_first(books: EmbeddedLedger, clock: ManualClock) -> None:
    later = clock.utc_us() + 10**9
    books.open_run("a", RunLimits(), later)
    books.open_run("b", RunLimits(), later, parent="a")
    assert books.scopes_of("b") == ("run:b", "run:a")
    assert books.scopes_of("nobody") == ()


def test_a_count_is_taken_in_all_ancestors_or_nowhere(books: EmbeddedLedger, clock: ManualClock) -> None:
    later = clock.utc_us() + 10**9
    books.open_run("a", RunLimits(steps=1), later)
    books.open_run("b", RunLimits(steps=5), later, parent="a")
    first = books.count("b", "steps")
    assert isinstance(first, CountEntry)
    second = books.count("b", "steps")
    assert isinstance(second, Exceeded)
    assert (second.scope, second.limit, second.actual) == ("run:a", 1, 1)
    books.apply(books.give_back(first))
    assert isinstance(books.count("b", "steps"), CountEntry)


def test_children_are_agents_of_every_ancestor_and_no_deeper_than_allowed(
    books: EmbeddedLedger, clock: ManualClock
) -> None:
    later = clock.utc_us() + 10**9
    books.open_run("a", RunLimits(agents=2, depth=1), later)
    assert isinstance(books.open_run("b", RunLimits(), later, parent="a"), RunOpenedEntry)
    below = books.open_run("c", RunLimits(), later, parent="b")
    assert isinstance(below, Exceeded)
    assert below.dimension == "depth"
    assert isinstance(books.open_run("d", RunLimits(), later, parent="a"), RunOpenedEntry)
    third = books.open_run("e", RunLimits(), later, parent="a")
    assert isinstance(third, Exceeded)
    assert third.dimension == "agents"


def test_what_is_left_is_the_least_over_all_scopes_and_ignores_holds(books: EmbeddedLedger) -> None:
    books.set_caps("tenant:t", [Cap("nano_usd", 100)])
    books.set_caps("key:k", [Cap("nano_usd", 40), Cap("tokens", 7)])
    books.hold(Order("h", ("key:k", "tenant:t"), 30, 1, 1, 2**60))
    left = books.affordable(("key:k", "tenant:t"))
    assert (left.nano, left.tokens) == (40, 7)


def test_ending_a_run_ends_its_children(books: EmbeddedLedger, clock: ManualClock) -> None:
    later = clock.utc_us() + 10**9
    books.open_run("a", RunLimits(), later)
    books.open_run("b", RunLimits(), later, parent="a")
    books.end_run("a")
    assert isinstance(books.count("b", "steps"), Ended)
    assert books.end_run("a") is None


def test_a_paused_run_s_wall_clock_stands_still(books: EmbeddedLedger, clock: ManualClock) -> None:
    books.open_run("a", RunLimits(seconds=10), clock.utc_us() + 10**9)
    books.pause_run("a")
    clock.turn(60)
    books.pause_run("a", on=False)
    assert isinstance(books.count("a", "steps"), CountEntry)
    clock.turn(11)
    assert isinstance(books.count("a", "steps"), Ended)


def test_a_tag_takes_nothing_without_its_caps_and_is_forgotten_at_rest() -> None:
    clock = ManualClock()
    ledger = EmbeddedLedger(clock)
    scope = "user:acme/default/p_x"
    assert ledger.hold(Order("a", (scope,), 1, 1, 1, 2**60)) == Ended(scope, "unknown")
    caps = ledger.set_caps(scope, [Cap("nano_usd", 100, "day")])
    assert caps is not None
    assert ledger.forget_runs() == 0, "it was opened today"
    hold = ledger.hold(Order("b", (scope,), 60, 1, 1, 2**60))
    assert isinstance(hold, HoldEntry)
    again = EmbeddedLedger(clock)
    again.replay([caps, hold])
    balances = again.balances(scope)
    assert balances is not None
    assert balances.caps[0].held == 60
    clock.turn(86_400)
    assert again.forget_runs() == 1
    assert again.balances(scope) is None
