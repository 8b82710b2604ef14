from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.windows import FOREVER, WINDOWS, bounds

ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@given(st.sampled_from(WINDOWS), st.integers(us("2020-01-01"), us("2035-01-01")), st.sampled_from(ZONES))
def test_an_instant_lies_in_its_window_and_windows_do_not_overlap(window: str, at_us: int, zone: str) -> None:
    start, end = bounds(window, at_us, ZoneInfo(zone))
    assert start <= at_us < end
    assert bounds(window, start, ZoneInfo(zone)) == (start, end)
    if window != "total":
        assert bounds(window, end, ZoneInfo(zone))[0] == end
        assert bounds(window, end - 1, ZoneInfo(zone)) == (start, end)


def test_a_day_at_the_change_of_the_clocks_has_23_hours() -> None:
    start, end = bounds("day", us("2026-03-29 12:00"), ZoneInfo("Europe/Berlin"))
    assert (start, end) == (us("2026-03-28 23:00"), us("2026-03-29 22:00"))


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert bounds("week", us("2026-11-22 21:00"), ZoneInfo("UTC")) == (us("2026-11-16"), us("2026-11-23"))
    assert bounds("month", us("2026-12-31"), ZoneInfo("UTC")) == (us("2026-12-01"), us("2027-01-01"))


def test_the_total_never_ends() -> None:
    assert bounds("total", 5, ZoneInfo("UTC")) == (0, FOREVER)


def test_an_unknown_window_is_an_error() -> None:
    with pytest.raises(KeyError):
        bounds("fortnight", 0, ZoneInfo("UTC"))
