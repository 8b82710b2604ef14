from zoneinfo import ZoneInfo

import pytest

from limits.accounts import Account, Cap
from limits.snapshot import read_account, write_account

DAY_US = 86_400_000_000
START = 1_767_225_600_000_000


@pytest.mark.parametrize(
    ("dimension", "limit", "window", "why"),
    [
        ("euros", 1, "day", "dimension"),
        ("tokens", 1, "fortnight", "window"),
        ("tokens", -1, "day", "lies between"),
        ("tokens", 2**53 + 1, "day", "lies between"),
        ("concurrency", 1, "day", "at once"),
    ],
)
def test_a_cap_that_makes_no_sense_is_refused(dimension: str, limit: int, window: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Cap(dimension, limit, window)


def test_a_cap_reads_back_what_it_wrote() -> None:
    for cap in (Cap("tokens", 5), Cap("nano_usd", 7, "month", hard=False), Cap("nano_usd", 7, "call")):
        assert Cap.parse(str(cap)) == cap


@pytest.mark.parametrize("text", ["tokens/total/firm/5", "tokens/total/5", "tokens/total/hard/x"])
def test_what_is_no_cap_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"hard or soft|unpack|invalid literal"):
        Cap.parse(text)


def test_old_days_are_folded_together_and_nothing_is_lost() -> None:
    account = Account("tenant:t", START, ZoneInfo("UTC"), daily=True)
    for day in range(100):
        account.roll(START + day * DAY_US)
        account.tally.nano += 1
    tallies = account.tallies()
    assert len(tallies) == 34
    assert sum(tally.nano for tally in tallies) == 100
    assert account.tally_at(START + 98 * DAY_US).start_us == START + 98 * DAY_US
    assert account.tally_at(START) is account.past
    written = read_account(write_account(account), None, ZoneInfo("UTC"))
    assert [tally.nano for tally in written.tallies()] == [tally.nano for tally in tallies]
    before = Account("tenant:u", START, ZoneInfo("UTC"), daily=True)
    assert before.tally_at(START - DAY_US) is before.past
