"""Soft caps: reached, they are told in book, webhook, metric and header, and never stand in a call's way."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.soft_caps import SoftCaps
from limits.accounts import Cap
from limits.ledger import Order
from limits.standing import Charge
from tests.faults.exact import ECHO
from tests.gateway.live import chat, live
from tests.gateway.operator import Operator, opened, write_config
from tests.gateway.test_metrics import samples
from tests.gateway.test_receiver import sinking

pytestmark = pytest.mark.anyio
PATH = "/v1/chat/completions"


async def spend(operator: Operator, name: str, nano: int, *scopes: str) -> None:
    operator.ledger.hold(Order(name, scopes, nano, 1, 1, operator.clock.utc_us() + 10**9))
    entry = operator.ledger.settle(name, Charge(nano, 1, 1))
    assert entry is not None
    operator.ledger.apply(entry)


def warnings(operator: Operator) -> list[str]:
    records = [json.loads(text) for text in operator.records()]
    return [record["reason"] for record in records if record["kind"] == "warning"]


async def test_a_reached_soft_cap_is_told_to_the_webhook_in_a_header_and_a_metric(tmp_path: Path) -> None:
    caps = (Cap("tokens", 5, "month", hard=False), Cap("nano_usd", 10**9, "day", hard=False))
    async with sinking() as sink:
        receiver = {"name": "caps", "url": sink.url, "kinds": ["warning"], "every_s": 0.05}
        async with live(tmp_path, script=ECHO, caps=caps, delivery=[receiver]) as gate:
            first = await gate.http.post(PATH, json=chat("one two three"))
            assert "x-tollhouse-soft-cap" not in first.headers
            await gate.app.soft_caps.turn()
            second = await gate.http.post(PATH, json=chat("one two three"))
            assert second.status_code == 200, "a soft cap stands in no call's way"
            assert second.headers["x-tollhouse-soft-cap"].endswith("of 5 tokens a month")
            labels = (("dimension", "tokens"), ("scope", "tenant"), ("window", "month"))
            found = await samples(gate)
            assert found["tollhouse_soft_caps_crossed_total", labels] == 1
            assert found["tollhouse_soft_caps_reached", ()] == 1
            async with asyncio.timeout(10):
                while not sink.batches:  # noqa: ASYNC110 - a receiver tells nobody
                    await asyncio.sleep(0.02)
            (told,) = sink.batches[0]["records"]
            assert told["record"]["tenant"] == "acme"
            assert told["record"]["change"]["id"] == "tenant:acme tokens/month/soft/5"


async def test_a_cap_is_told_once_a_window_and_anew_when_it_is_changed(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        caps = SoftCaps(operator.local, operator.journal, operator.directory, operator.clock)
        await operator.registry.create_tenant("x", "globex", caps=[Cap("nano_usd", 50, "day", hard=False)])
        await spend(operator, "a", 60, "tenant:globex")
        await caps.turn()
        await spend(operator, "b", 60, "tenant:globex")
        await caps.minute()
        assert warnings(operator) == ["tenant: 0.00000006 of 0.00000005 usd a day"]
        assert caps.words(["key:k", "tenant:globex"]) == "tenant: 0.00000012 of 0.00000005 usd a day"
        await operator.registry.set_caps("x", "globex", [Cap("nano_usd", 500, "day", hard=False)])
        await caps.minute()
        assert caps.words(["tenant:globex"]) is None
        await spend(operator, "c", 400, "tenant:globex")
        await caps.turn()
        assert len(warnings(operator)) == 2
        operator.clock.turn(86_400)
        await caps.turn()
        assert caps.words(["tenant:globex"]) is None
        await spend(operator, "d", 500, "tenant:globex")
        await caps.turn()
        assert len(warnings(operator)) == 3


async def test_who_was_not_told_before_a_crash_is_told_after_the_start_and_others_are_not(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    soft = [Cap("nano_usd", 50, "total", hard=False), Cap("nano_usd", 900)]
    with opened(path) as operator:
        await operator.registry.create_tenant("x", "globex", caps=soft)
        key, _ = await operator.registry.create_key("x", "globex", name="k", profile="tight", caps=soft)
        caps = SoftCaps(operator.local, operator.journal, operator.directory, operator.clock)
        hold = operator.ledger.hold(Order("a", (key.scope, key.tenant.scope), 60, 1, 1, operator.clock.utc_us() + 9))
        await operator.journal.write({"kind": "intent"}, tenant="globex", entries=[hold])  # type: ignore[list-item]
        entry = operator.ledger.settle("a", Charge(60, 1, 1))
        assert entry is not None
        await operator.journal.write({"kind": "outcome"}, tenant="globex", entries=[entry])
        await caps._look(key.scope)
        assert len(warnings(operator)) == 1
    with opened(path) as operator:
        caps = SoftCaps(operator.local, operator.journal, operator.directory, operator.clock)
        await caps.start()
        assert [text.partition(":")[0] for text in warnings(operator)] == ["key", "tenant"]
        assert caps.words([key.scope]) == "key: 0.00000006 of 0.00000005 usd in all"


async def test_what_is_gone_is_not_told_of(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        caps = SoftCaps(operator.local, operator.journal, operator.directory, operator.clock)
        for scope in ("key:gone", "tenant:gone", "user:acme/p_x"):
            await caps._look(scope)
        assert warnings(operator) == []
