"""Who used it: what is folded out of the book adds up to the ledger, on the day of each hold."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.reader import Reader
from gateway.usage import FORMAT, Usage
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.standing import Charge
from tests.gateway.operator import Operator, opened, write_config

pytestmark = pytest.mark.anyio
SCOPES = ("key:k", "tenant:acme")


class Desk:
    """A house whose calls are booked as the gateway books them, and the file that is folded out of its book."""

    def __init__(self, operator: Operator, folder: Path) -> None:
        self.operator = operator
        self.path = folder / "usage.sqlite"
        self.usage = Usage(self.path, lambda _: "Europe/Berlin")

    def catch_up(self) -> int:
        with Reader.open(self.operator.house.book.place) as reader:
            return self.usage.catch_up(reader)

    def hold(self, name: str, nano: int, expires_s: int = 600) -> HoldEntry:
        expires = self.operator.clock.utc_us() + expires_s * 1_000_000
        hold = self.operator.ledger.hold(Order(name, SCOPES, nano, 10, 20, expires))
        assert isinstance(hold, HoldEntry)
        return hold

    async def write(self, kind: str, entries: list[Any], **fields: Any) -> None:
        await self.operator.journal.write({"kind": kind, **fields}, tenant="acme", entries=entries)

    async def call(self, name: str, nano: int, mark: str = "billed", **fields: Any) -> None:
        """Book one call that held 100 and was charged `nano`."""
        who = {"call": name, "key": "k", "model": "m"} | fields
        await self.write("intent", [self.hold(name, 100)], **who)
        entry = self.operator.ledger.settle(name, Charge(nano, 3, 4, mark) if nano else Charge(mark="released"))
        await self.write("outcome", [entry], call=name, key="k")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(write_config(tmp_path)) as operator:
        made = Desk(operator, tmp_path)
        yield made
        made.usage.close()


async def test_spend_is_summed_by_any_dimensions_and_equals_the_ledger(desk: Desk) -> None:
    await desk.call("a", 7)
    await desk.call("b", 5, key="k2", model="n", user="p_1", feature="search")
    await desk.call("c", 0)
    assert desk.catch_up() == len(desk.operator.records())
    assert desk.catch_up() == 0
    await desk.call("d", 2, model="")
    await desk.write("intent", [desk.hold("t", 9)], tool={"name": "mail"}, key="k")
    desk.catch_up()
    (whole,) = desk.usage.spent([])
    balances = desk.operator.ledger.balances("tenant:acme")
    assert balances is not None
    assert (whole.of, whole.calls, whole.nano) == ((), 3, balances.nano)
    assert [(one.of, one.nano) for one in desk.usage.spent(["key", "model"])] == [
        (("k", "m"), 7),
        (("k2", "n"), 5),
        (("k", ""), 2),
    ]
    assert [one.of for one in desk.usage.spent(["user", "feature"], tenant="acme", key="k2")] == [("p_1", "search")]
    assert desk.usage.spent(["tenant"], tenant="nobody") == []
    with pytest.raises(KeyError):
        desk.usage.spent(["password"])  # type: ignore[list-item]


async def test_a_charge_counts_on_the_day_of_its_hold_in_the_tenant_s_zone(desk: Desk) -> None:
    late = dt.datetime(2027, 3, 1, 22, 59, tzinfo=dt.UTC).timestamp() * 1_000_000
    desk.operator.clock.turn((late - desk.operator.clock.utc_us()) / 1e6)
    hold = desk.hold("a", 100)
    desk.operator.clock.turn(120)
    await desk.call("b", 3)
    await desk.write("intent", [hold], call="a", key="k", model="m")
    await desk.write("outcome", [desk.operator.ledger.settle("a", Charge(7, 1, 1))])
    desk.catch_up()
    assert [(one.of, one.nano) for one in desk.usage.spent(["day"])] == [(("2027-03-01",), 7), (("2027-03-02",), 3)]
    assert [one.nano for one in desk.usage.spent([], since="2027-03-02", until="2027-03-02")] == [3]


async def test_what_expired_counts_in_full_and_what_was_refunded_no_more_over_turns_of_folding(desk: Desk) -> None:
    await desk.write("intent", [desk.hold("a", 100, expires_s=1)], key="k", model="m")
    await desk.call("b", 60, "uncertain")
    desk.catch_up()
    desk.operator.clock.turn(2)
    await desk.write("ledger", list(desk.operator.ledger.expire()))
    desk.catch_up()
    assert desk.usage.spent([])[0].nano == 160
    refund = desk.operator.ledger.marks.refund("b", 10)
    await desk.write("ledger", [refund])
    await desk.write("outcome", [desk.operator.ledger.settle("a", Charge(30, 1, 1))])
    await desk.write("ledger", [refund])
    desk.catch_up()
    (whole,) = desk.usage.spent([])
    balances = desk.operator.ledger.balances("tenant:acme")
    assert balances is not None
    assert whole.nano == balances.nano == 40


async def test_replies_whose_report_is_not_our_count_are_listed_beyond_a_threshold(desk: Desk) -> None:
    for name, own in (("a", 100), ("b", 99), ("c", 300)):
        billed = [{"target": "up/m", "input_tokens": 100, "output_tokens": 1} | _counted(own)]
        await desk.write("outcome", [], call=name, key="k", model="m", billed=[*billed, {"target": "up/m"}], ledger=[])
    desk.catch_up()
    (one,) = desk.usage.differing()
    assert (one.call, one.reported, one.counted, one.tenant) == ("c", (100, 1), (300, 1), "acme")
    assert desk.usage.differing(percent=90) == []
    assert desk.usage.differing(tenant="nobody") == []
    assert len(desk.usage.differing(percent=0, limit=1)) == 1


def _counted(inward: int) -> dict[str, int]:
    return {"counted_input_tokens": inward, "counted_output_tokens": 1}


async def test_a_file_of_another_book_or_format_is_made_anew(desk: Desk) -> None:
    await desk.call("a", 7)
    desk.catch_up()
    desk.usage._db.execute("UPDATE progress SET origin = 'another'")
    assert desk.catch_up() == len(desk.operator.records())
    assert desk.usage.spent([])[0].nano == 7
    desk.usage._db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with Usage(desk.path, lambda _: "UTC") as again:
        assert again.spent([])[0].nano == 0
