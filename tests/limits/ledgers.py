"""A ledger of one tenant with a cap of 100 nano-dollars, and short ways to use it."""

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import HoldEntry, SettleEntry
from limits.ledger import EmbeddedLedger, Order
from limits.standing import Charge

DAY_S = 86_400
TENANT = "tenant:t"


def order(name: str, nano: int, inward: int = 0, outward: int = 0, caps: tuple[Cap, ...] = ()) -> Order:
    return Order(name, ("key:k", TENANT), nano, inward, outward, 2**60, caps)


def held(answer: object) -> HoldEntry:
    assert isinstance(answer, HoldEntry)
    return answer


def settle(ledger: EmbeddedLedger, name: str, charge: Charge) -> SettleEntry:
    entry = ledger.settle(name, charge)
    assert isinstance(entry, SettleEntry)
    return entry


def charge(ledger: EmbeddedLedger, name: str, nano: int, mark: str = "billed") -> None:
    ledger.hold(order(name, nano))
    ledger.apply(settle(ledger, name, Charge(nano, mark=mark)))


def cap_of(ledger: EmbeddedLedger, scope: str, index: int = 0) -> tuple[int, int]:
    balances = ledger.balances(scope)
    assert balances is not None
    return balances.caps[index].settled, balances.caps[index].held


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(clock: ManualClock) -> EmbeddedLedger:
    made = EmbeddedLedger(clock)
    made.set_caps(TENANT, [Cap("nano_usd", 100)])
    return made
