"""Who used it, over the admin API."""

from pathlib import Path

import pytest

from gateway.spending import Spending
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.standing import Charge
from tests.gateway.operator import Operator, administrating, opened, write_config

pytestmark = pytest.mark.anyio


async def used(operator: Operator, name: str, nano: int, **fields: object) -> None:
    """Book one call as the gateway does."""
    expires = operator.clock.utc_us() + 10**9
    hold = operator.ledger.hold(Order(name, ("tenant:acme",), 100, 9, 9, expires))
    assert isinstance(hold, HoldEntry)
    who = {"call": name, "key": "acme.ci", "model": "small"} | fields
    await operator.journal.write({"kind": "intent", **who}, tenant="acme", entries=[hold])
    entry = operator.ledger.settle(name, Charge(nano, 2, 3))
    assert entry is not None
    billed = [{"target": "up/m", "input_tokens": 2, "counted_input_tokens": 900, "counted_output_tokens": 0}]
    await operator.journal.write({"kind": "outcome", "billed": billed, **who}, tenant="acme", entries=[entry])


async def test_spend_is_told_by_any_dimensions_and_narrowed(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        alice = Spending(tmp_path, operator.house.book, operator.directory).user("acme", "alice")
        await used(operator, "a", 7)
        await used(operator, "b", 5, user=alice, feature="search")
        async with administrating(operator) as client:
            by_key = (await client.get("/admin/usage")).json()
            assert by_key == {
                "spend": [
                    {"of": {"key": "acme.ci"}, "calls": 2, "nano_usd": 12, "input_tokens": 4, "output_tokens": 6}
                ],
                "more": False,
            }
            asked: dict[str, list[str] | int] = {"by": ["feature", "model"], "limit": 1}
            first = (await client.get("/admin/usage", params=asked)).json()
            assert (first["spend"][0]["of"], first["more"]) == ({"feature": "", "model": "small"}, True)
            only = {"tenant": "acme", "user": "alice", "since": "2000-01-01", "until": "2100-01-01"}
            assert [each["nano_usd"] for each in (await client.get("/admin/usage", params=only)).json()["spend"]] == [5]
            none = {"user": "p_nobody", "until": "2000-01-01"}
            assert (await client.get("/admin/usage", params=none)).json()["spend"] == []
            assert (await client.get("/admin/usage", params={"by": "password"})).status_code == 400


async def test_reports_that_are_not_our_count_are_told(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        await used(operator, "a", 7)
        async with administrating(operator) as client:
            said = (await client.get("/admin/usage/differing")).json()
            assert (said["differing"][0]["reported_input_tokens"], said["differing"][0]["counted_input_tokens"]) == (
                *(2, 900),
            )
            assert not said["more"]
            none: dict[str, int | str] = {"percent": 100, "tenant": "acme"}
            assert (await client.get("/admin/usage/differing", params=none)).json()["differing"] == []
