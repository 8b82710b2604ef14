"""Questions about spend are asked of a file that is caught up first."""

import asyncio
from pathlib import Path

import pytest

from gateway.spending import NAME, Spending
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.standing import Charge
from tests.gateway.operator import opened, write_config

pytestmark = pytest.mark.anyio


async def test_each_answer_is_as_of_now_in_the_tenant_s_zone_and_many_may_ask(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        spending = Spending(tmp_path, operator.house.book, operator.directory)
        for tenant in ("acme", "gone"):
            expires = operator.clock.utc_us() + 10**9
            hold = operator.ledger.hold(Order(tenant, (f"tenant:{tenant}",), 9, 1, 1, expires))
            assert isinstance(hold, HoldEntry)
            await operator.journal.write({"kind": "intent"}, tenant=tenant, entries=[hold])
            entry = operator.ledger.settle(tenant, Charge(5, 1, 1))
            assert entry is not None
            await operator.journal.write({"kind": "outcome"}, tenant=tenant, entries=[entry])
            sums = await asyncio.gather(*(spending.ask(lambda usage: usage.spent(["tenant"])) for _ in range(3)))
            assert all(sum(each.nano for each in one) == (5 if tenant == "acme" else 10) for one in sums)
        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


async def test_a_user_is_asked_for_by_name_or_by_pseudonym(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        spending = Spending(tmp_path, operator.house.book, operator.directory)
        name = spending.user("acme", "alice@example.com")
        assert "alice" not in name
        assert spending.user("acme", name) == name
        assert spending.user("globex", "alice@example.com") != name
