"""What an operator decides of a marked charge is in the book, moves the balances, and can be said twice."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.charges import Charges, key_of, run_of, tenant_of
from gateway.errors import InvalidRequest, NotFound
from gateway.restore import restore
from limits.clock import ManualClock
from limits.entries import HoldEntry, SettleEntry
from limits.ledger import EmbeddedLedger, Order
from limits.standing import Charge
from tests.gateway.operator import Operator, opened, write_config

pytestmark = pytest.mark.anyio
SCOPES = ("key:acme.ci", "tenant:acme")


async def marked(operator: Operator, name: str, nano: int, mark: str = "uncertain", suspends: str = "") -> None:
    """Have a charge made and booked as a call makes it."""
    ledger = operator.ledger
    hold = ledger.hold(Order(name, SCOPES, nano, 5, 5, operator.clock.utc_us() + 10**9))
    assert isinstance(hold, HoldEntry)
    entry = ledger.settle(name, Charge(nano, 5, 5, mark, suspends, 9 * nano if suspends else 0))
    assert isinstance(entry, SettleEntry)
    await operator.journal.write({"kind": "outcome"}, tenant="acme", entries=[hold, entry])


def spent(ledger: EmbeddedLedger) -> int:
    balances = ledger.balances("tenant:acme")
    assert balances is not None
    return balances.nano


async def test_a_refund_is_a_record_that_the_balances_follow_now_and_after_a_restart(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        charges = Charges(operator.journal, operator.local)
        await marked(operator, "a", 100)
        await marked(operator, "b", 70)
        assert [each.hold.id for each in charges.listed()] == ["b", "a"]
        one = charges.listed()[0]
        assert (tenant_of(one), key_of(one), run_of(one)) == ("acme", "acme.ci", None)
        assert (await charges.refund("local:7", "a", "not on the invoice")).nano == 100
        assert (await charges.refund("local:7", "b", "invoice 7", 30)).nano == 40
        assert spent(operator.ledger) == 30
        assert charges.listed() == []
        said = json.loads(operator.records()[-1])
        assert (said["kind"], said["actor"], said["reason"], said["tenant"]) == (
            *("ledger", "local:7", "invoice 7"),
            "acme",
        )
        assert said["change"]["new"] == {"decision": "refunded", "nano_usd": 30}
        again = EmbeddedLedger(ManualClock())
        restore(again, operator.house.book.records())
        assert spent(again) == 30
        assert again.marks.resolved == {"a": "refunded", "b": "refunded"}


async def test_to_decide_twice_even_at_once_is_one_decision(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        charges = Charges(operator.journal, operator.local)
        await marked(operator, "a", 100)
        before = len(operator.records())
        answers = await asyncio.gather(*(charges.refund("local:7", "a", "r") for _ in range(4)))
        assert sorted(answer.already for answer in answers) == [False, True, True, True]
        assert sum(answer.nano for answer in answers) == 100
        assert len(operator.records()) == before + 1
        with pytest.raises(InvalidRequest, match="was refunded already"):
            await charges.confirm("local:7", "a", "r")


async def test_a_confirmed_charge_stays_and_lifts_what_it_suspended(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        charges = Charges(operator.journal, operator.local)
        await marked(operator, "a", 100, "implausible", "local/small:other")
        assert charges.suspended() == {"local/small:other": "a"}
        assert not (await charges.confirm("local:7", "a", "r")).already
        assert (await charges.confirm("local:7", "a", "r")).already
        assert (charges.suspended(), spent(operator.ledger)) == ({}, 100)
        assert charges.sums() == {"implausible": (1, 100)}


async def test_what_is_no_marked_charge_is_not_found(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        charges = Charges(operator.journal, operator.local)
        await marked(operator, "plain", 100, "billed")
        for name in ("plain", "nobody"):
            with pytest.raises(NotFound):
                await charges.refund("local:7", name, "r")


async def test_a_charge_that_was_settled_late_is_told_so(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        charges = Charges(operator.journal, operator.local)
        hold = operator.ledger.hold(Order("a", SCOPES, 100, 5, 5, operator.clock.utc_us() + 1))
        assert isinstance(hold, HoldEntry)
        operator.clock.turn(1)
        await operator.journal.write({"kind": "outcome"}, tenant="acme", entries=[hold, *operator.ledger.expire()])
        late = operator.ledger.settle("a", Charge(40, 5, 5))
        assert late is not None
        await operator.journal.write({"kind": "outcome"}, tenant="acme", entries=[late])
        with pytest.raises(InvalidRequest, match="settled late"):
            await charges.refund("local:7", "a", "r")
