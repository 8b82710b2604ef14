import pytest

from limits.accounts import Cap
from limits.books import Affordable
from limits.redis.views import Days, Lineage, View, balances_of, least
from limits.windows import FOREVER

DAY_US = 86_400_000_000


def test_days_know_their_windows_until_the_minute_ends_and_backwards() -> None:
    days = Days("Europe/Berlin")
    noon = 1_768_910_400_000_000
    starts = days.at(noon)
    assert days.at(noon + 59_000_000) is starts
    assert days.at(noon + 60_000_000)["m"] != starts["m"]
    assert days.at(noon)["m"] == starts["m"]
    listed = days.days(noon)
    assert days.days(noon + 1_000_000) is listed
    assert (len(listed["d"]), len(listed["w"]), len(listed["M"])) == (1, 2, 20)
    with pytest.raises(ValueError, match="unknown time zone"):
        Days("Middle/Earth")


def test_an_account_is_read_from_its_fields() -> None:
    fields = ["L0tH", "100", "s0t", "30", "u0t", "45", "L3dH", "9", "L0cH", "20", "L1tS", "5", "tn", "30"]
    view = View(["tenant:t", fields, {"3d": ["4", "2"]}])
    assert view.affordable() == Affordable(20, FOREVER, FOREVER, 7)
    assert [str(cap) for cap, _, _ in view.caps()] == [
        "input_tokens/total/soft/5",
        "nano_usd/call/hard/20",
        "nano_usd/total/hard/100",
        "tokens/day/hard/9",
    ]
    balances = balances_of(view, "", {"d": DAY_US})
    assert (balances.state, balances.nano, balances.counts) == ("open", 30, {})
    assert [(cap.window, cap.settled, cap.held, cap.ends_us) for cap in balances.caps] == [
        ("total", 0, 0, FOREVER),
        ("total", 30, 15, FOREVER),
        ("day", 2, 2, DAY_US),
    ]
    assert least([]) == Affordable()
    assert View(["tenant:u", [], False]).caps() == []
    assert Cap.parse("nano_usd/total/hard/100") == view.caps()[2][0]


def test_a_run_s_end_is_told_by_what_comes_first() -> None:
    run = View(["run:r", ["x", "100", "o", "0", "lS", "50", "k", "killed"], False])
    assert run.closed(0) == "killed"
    del run.fields["k"]
    assert (run.closed(99), run.closed(100)) == ("", "expired")
    run.fields["lS"] = "0"
    assert run.closed(99) == "seconds"
    run.fields["q"] = "1"
    assert run.closed(99) == ""
    parent = View(["run:p", ["lc", "2", "nc", "2"], False])
    lineage = Lineage([run, parent])
    assert lineage.until_us() == FOREVER
    assert lineage.refuse_count(0, 1) is None
    refusal = lineage.refuse_count(1, 1)
    assert refusal is not None
    assert refusal.scope == "run:p"
