import tracemalloc
from typing import Any

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CountEntry, Entry, RunOpenedEntry, from_dict, to_dict
from limits.ledger import EmbeddedLedger, Order
from limits.refusals import Ended, Exceeded
from limits.runs import RunLimits
from limits.standing import Charge

FOREVER = 2**60


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(clock: ManualClock) -> EmbeddedLedger:
    return EmbeddedLedger(clock)


def order(ledger: EmbeddedLedger, name: str, run: str, nano: int, tokens: int = 0) -> Order:
    return Order(name, ledger.scopes_of(run), nano, tokens, 0, FOREVER)


def test_children_share_what_is_left_of_their_parent(ledger: EmbeddedLedger) -> None:
    ledger.open_run("p", RunLimits(tokens=100), FOREVER)
    for child in "ab":
        ledger.open_run(child, RunLimits(tokens=80), FOREVER, "p")
    assert ledger.scopes_of("a") == ("run:a", "run:p")
    assert not isinstance(ledger.hold(order(ledger, "1", "a", 0, 70)), Exceeded)
    settled = ledger.settle("1", Charge(0, 70))
    assert settled is not None
    ledger.apply(settled)
    answer = ledger.hold(order(ledger, "2", "b", 0, 31))
    assert isinstance(answer, Exceeded)
    assert (answer.scope, answer.param, answer.actual) == ("run:p", "run.tokens", 70)
    assert ledger.affordable(ledger.scopes_of("b")).tokens == 30


def test_a_count_is_taken_in_the_run_and_all_its_ancestors_or_in_none(ledger: EmbeddedLedger) -> None:
    ledger.open_run("p", RunLimits(steps=3), FOREVER)
    ledger.open_run("c", RunLimits(steps=9), FOREVER, "p")
    entries = [ledger.count("c", "steps") for _ in range(3)]
    answer = ledger.count("c", "steps")
    assert isinstance(answer, Exceeded)
    assert (answer.scope, answer.limit, answer.actual) == ("run:p", 3, 3)
    assert isinstance(ledger.count("c", "tool_calls", 2), CountEntry)
    first = entries[0]
    assert isinstance(first, CountEntry)
    back = ledger.give_back(first)
    assert isinstance(ledger.count("p", "steps"), Exceeded)
    ledger.apply(back)
    assert isinstance(ledger.count("p", "steps"), CountEntry)
    child = ledger.balances("run:c")
    assert child is not None
    assert child.counts == {"steps": 2, "tool_calls": 2, "replans": 0, "agents": 0}


def test_what_cannot_be_counted_is_refused(ledger: EmbeddedLedger) -> None:
    assert ledger.count("nobody", "steps") == Ended("run:nobody", "unknown")
    with pytest.raises(ValueError, match="one or more"):
        ledger.count("nobody", "steps", 0)
    with pytest.raises(ValueError, match="is not counted"):
        ledger.count("nobody", "naps")
    ledger.apply(CountEntry("nobody", "steps", -1))


def test_agents_and_depth_bound_the_tree(ledger: EmbeddedLedger) -> None:
    ledger.open_run("p", RunLimits(agents=2, depth=2), FOREVER)
    ledger.open_run("a", RunLimits(), FOREVER, "p")
    ledger.open_run("b", RunLimits(), FOREVER, "a")
    deep = ledger.open_run("c", RunLimits(), FOREVER, "b")
    assert isinstance(deep, Exceeded)
    assert (deep.param, deep.limit) == ("run.depth", 2)
    many = ledger.open_run("c", RunLimits(), FOREVER, "a")
    assert isinstance(many, Exceeded)
    assert (many.param, many.actual) == ("run.agents", 2)
    assert ledger.run("c") is None


def test_a_run_s_id_is_used_once_and_its_parent_must_be_alive(ledger: EmbeddedLedger) -> None:
    ledger.open_run("p", RunLimits(), FOREVER)
    with pytest.raises(ValueError, match="open already"):
        ledger.open_run("p", RunLimits(), FOREVER)
    assert ledger.open_run("c", RunLimits(), FOREVER, "nobody") == Ended("run:nobody", "unknown")
    ledger.end_run("p")
    assert ledger.open_run("c", RunLimits(), FOREVER, "p") == Ended("run:p", "ended")


def test_ending_or_killing_a_run_ends_its_children_but_not_its_parent(ledger: EmbeddedLedger) -> None:
    for run, parent in (("p", None), ("c", "p"), ("d", "c")):
        ledger.open_run(run, RunLimits(), FOREVER, parent)
    ledger.kill("run:c")
    assert ledger.hold(order(ledger, "1", "d", 1)) == Ended("run:d", "killed")
    assert not isinstance(ledger.hold(order(ledger, "2", "p", 1)), Ended)
    assert ledger.end_run("c") is None
    assert ledger.end_run("nobody") is None
    ledger.kill("run:c", on=False)
    ledger.kill("run:nobody")
    assert ledger.count("d", "steps") == Ended("run:d", "killed")
    assert ledger.end_run("p") is not None
    balances = ledger.balances("run:p")
    assert balances is not None
    assert balances.state == "ended"


def test_holds_in_an_unknown_run_are_refused(ledger: EmbeddedLedger) -> None:
    assert ledger.hold(Order("1", ("run:x",), 1, 0, 0, FOREVER)) == Ended("run:x", "unknown")


def test_a_run_expires_and_so_do_its_children(ledger: EmbeddedLedger, clock: ManualClock) -> None:
    ledger.open_run("p", RunLimits(), clock.utc_us() + 5_000_000)
    ledger.open_run("c", RunLimits(), FOREVER, "p")
    clock.turn(5)
    assert ledger.hold(order(ledger, "1", "c", 1)) == Ended("run:c", "expired")
    assert ledger.forget_runs() == 0
    clock.turn(86_401)
    assert ledger.forget_runs() == 2
    assert ledger.scopes_of("c") == ()


def test_a_child_may_expire_and_be_forgotten_before_its_parent(ledger: EmbeddedLedger, clock: ManualClock) -> None:
    ledger.open_run("p", RunLimits(), FOREVER)
    ledger.open_run("c", RunLimits(), clock.utc_us(), "p")
    clock.turn(86_401)
    assert ledger.forget_runs() == 1
    parent = ledger.run("p")
    assert parent is not None
    assert parent.children == []


def test_wall_clock_stands_still_while_the_run_is_paused(ledger: EmbeddedLedger, clock: ManualClock) -> None:
    ledger.open_run("r", RunLimits(seconds=10), FOREVER)
    clock.turn(6)
    ledger.pause_run("r")
    clock.turn(100)
    ledger.pause_run("r")
    assert isinstance(ledger.count("r", "steps"), CountEntry)
    ledger.pause_run("r", on=False)
    ledger.pause_run("r", on=False)
    clock.turn(3)
    assert isinstance(ledger.count("r", "steps"), CountEntry)
    clock.turn(1)
    assert ledger.count("r", "steps") == Ended("run:r", "seconds")
    assert ledger.pause_run("nobody") is None


def test_limits_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        RunLimits(steps=-1)


def test_everything_about_runs_is_rebuilt_from_the_journal_and_from_a_snapshot(clock: ManualClock) -> None:
    ledger = EmbeddedLedger(clock)
    journal: list[dict[str, Any]] = []

    def write(entry: object) -> None:
        assert isinstance(entry, Entry)
        journal.append(to_dict(entry))
        ledger.apply(entry)

    write(ledger.set_caps("tenant:t", [Cap("nano_usd", 9, "day"), Cap("tokens", 5, "call")], "Asia/Tokyo"))
    for run, parent in (("p", None), ("c", "p"), ("d", "p"), ("e", None)):
        entry = ledger.open_run(run, RunLimits(tokens=50, steps=4, seconds=60), FOREVER, parent)
        assert isinstance(entry, RunOpenedEntry)
        write(entry)
    write(ledger.count("c", "steps", 2))
    write(ledger.pause_run("e"))
    write(ledger.end_run("d"))
    write(ledger.kill("run:c"))
    write(ledger.kill("key:k"))
    write(ledger.hold(Order("h", ("run:p", "tenant:t"), 5, 2, 1, FOREVER)))
    write(ledger.hold(Order("g", ("run:p", "tenant:t"), 1, 1, 1, clock.utc_us())))
    for expiry in ledger.expire():
        write(expiry)
    again = EmbeddedLedger(clock)
    again.replay(map(from_dict, journal))
    again.replay([from_dict(journal[0]), *(e for e in map(from_dict, journal) if getattr(e, "id", "") == "h")])
    copy = EmbeddedLedger(clock)
    copy.load(again.snapshot())
    scopes = ["run:p", "run:c", "run:d", "run:e", "key:k", "tenant:t"]
    clock.turn(61)
    for other in (again, copy):
        assert [other.balances(scope) for scope in scopes] == [ledger.balances(scope) for scope in scopes]
        assert other.hold(Order("x", ("tenant:t",), 1, 9, 0, 1)) == ledger.refusal(
            Order("x", ("tenant:t",), 1, 9, 0, 1)
        )
        assert other.marks.listed == ledger.marks.listed
        assert other.scopes_of("c") == ("run:c", "run:p")
    states = [balances.state for scope in scopes if (balances := copy.balances(scope)) is not None]
    assert states == ["seconds", "killed", "ended", "open", "killed", "open"]


def test_entries_about_runs_that_are_forgotten_replay_without_effect(clock: ManualClock) -> None:
    ledger = EmbeddedLedger(clock)
    gone: list[dict[str, Any]] = [
        {"t": "settle1", "id": "x", "u": "bound"},
        {"t": "count1", "r": "x", "d": "steps"},
        {"t": "end1", "r": "x"},
        {"t": "pause1", "r": "x", "at": 1},
        {"t": "kill1", "s": "run:x"},
        {"t": "caps1", "s": "run:x", "c": [], "at": 1},
        {"t": "expire1", "id": "x"},
        {"t": "hold1", "id": "h", "s": ["run:x", "tenant:t"], "n": 1, "i": 0, "o": 0, "at": 1, "x": 2},
    ]
    ledger.replay(map(from_dict, gone))
    assert ledger.is_open("h")
    assert ledger.marks.suspended == {}


def test_only_an_empty_ledger_loads_a_known_version(clock: ManualClock) -> None:
    ledger = EmbeddedLedger(clock)
    empty = ledger.snapshot()
    with pytest.raises(ValueError, match="version 7"):
        ledger.load(empty | {"v": 7})
    ledger.kill("tenant:t")
    with pytest.raises(ValueError, match="empty"):
        ledger.load(empty)


def test_a_snapshot_with_something_else_in_a_hold_s_place_is_refused(clock: ManualClock) -> None:
    empty = EmbeddedLedger(clock).snapshot()
    with pytest.raises(ValueError, match="holds are holds"):
        EmbeddedLedger(clock).load(empty | {"open": [{"t": "confirm1", "id": "a"}]})
    marks = {"listed": [[{"t": "confirm1", "id": "a"}] * 2], "sums": {}, "suspended": {}}
    with pytest.raises(ValueError, match="marked charge"):
        EmbeddedLedger(clock).load(empty | {"marks": marks})


def test_an_idle_run_takes_less_than_a_kilobyte(ledger: EmbeddedLedger) -> None:
    limits = RunLimits(nano_usd=500_000_000, tokens=50_000, steps=10, seconds=600, agents=10, depth=3)
    ids = [f"{n:032x}" for n in range(4_000)]
    tracemalloc.start()
    try:
        for run in ids:
            ledger.open_run(run, limits, FOREVER)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / len(ids) <= 1_024
