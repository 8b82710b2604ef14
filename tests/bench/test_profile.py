"""The profile's sums: the parts are the whole, and timing is charged to nobody."""

import time

import pytest

from bench.profile.budget import LOOP, PARTS, shown, spent, table
from bench.profile.meter import Meter
from gateway.life import ATTEMPT, CALL

REPORT = {
    "places": {"Guard.admit": [3_000.0, 10], "server: send": [1_000.0, 10], "new thing": [500.0, 10]},
    "reading_us": 10.0,
    "loop_thread_us": 5_500.0,
    "book_thread_us": 600.0,
}


def test_the_parts_sum_up_to_what_a_call_costs_without_timing() -> None:
    places = spent(REPORT, calls=10, true_us=400.0)
    assert sum(places.values()) == pytest.approx(400)
    assert places["Guard.admit"] / places["server: send"] == pytest.approx(2_900 / 900)
    assert places[LOOP] / places["book's thread"] == pytest.approx(700 / 600)


def test_the_table_has_every_place_once() -> None:
    told = table({"Guard.admit": 20.0, "Guard.settle": 5.0, "new thing": 3.0}, 100)
    assert "| PII, there and back | 27 | 25.0 |" in told
    assert "| elsewhere: new thing | - | 3.0 |" in told
    assert "| the whole | 100 | 28.0 |" in told


def test_every_stage_of_a_call_is_in_one_part_of_the_budget() -> None:
    for stage in (*CALL, *ATTEMPT):
        label = f"{stage.__name__}.admit"
        assert sum(label.startswith(part.places) for part in PARTS) == 1, label


def test_what_is_kept_is_shown_with_its_command() -> None:
    machine = {"at": "now", "load before": "0", "commit": "c", "command": "python -m bench.profile"}
    found = {"machine": machine, "callers": 64, "goal_us": 100.0, "places": {"Guard.admit": 20.0}}
    told = shown({"Tollhouse, core, plain": found})
    assert "Dearest: Guard.admit 20." in told
    assert "`python -m bench.profile`" in told


class Works:
    def outer(self) -> None:
        _spin(0.02)
        self.inner()

    def inner(self) -> None:
        _spin(0.01)


def _spin(seconds: float) -> None:
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


def test_a_place_is_charged_for_itself_and_not_for_what_it_calls() -> None:
    meter, works = Meter(), Works()
    meter.wrap(works, "outer", "outer")
    meter.wrap(works, "inner", "inner")
    works.outer()
    assert meter.entries == {"outer": 1, "inner": 1}
    assert 0.02 <= meter.spent_ns["outer"] / 1e9 < 0.028
    assert 0.01 <= meter.spent_ns["inner"] / 1e9 < 0.018
    assert 0 < meter.reading_us() < 100
