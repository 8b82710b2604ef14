"""The registry: a change is durable with its record before anyone sees it, or it has not happened."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from audit.errors import BookUnavailable
from gateway.directory import Registry
from gateway.errors import AuditUnavailable, BudgetExceeded, InvalidRequest, NotAllowed, NotFound, RunEnded
from limits.accounts import Cap
from limits.ledger import EmbeddedLedger, Order
from limits.refusals import Exceeded
from limits.runs import Run
from tests.gateway.operator import CI_KEY, Operator, opened, write_config

DOLLAR = 1_000_000_000


class FullBook:
    """A book on a full disk."""

    def append(self, *_: Any, **__: Any) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_exception(BookUnavailable("no space left"))
        return future

    def change(self, _: Any) -> "asyncio.Future[Any]":
        return self.append()


def unwritable(operator: Operator) -> Registry:
    return Registry(operator.directory, FullBook(), operator.clock, operator.local)


def changes(operator: Operator) -> list[tuple[str, str, str]]:
    records = [json.loads(text) for text in operator.records()]
    return [(each["actor"], each["change"]["object"], each["change"]["id"]) for each in records]


async def test_every_change_is_in_the_book_with_who_and_what(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        registry = operator.registry
        await registry.create_tenant("local:7", "globex", caps=[Cap("nano_usd", DOLLAR, "day")])
        key, token = await registry.create_key("ada", "globex", name="app", profile="tight")
        await registry.set_caps("ada", "globex", [])
        run, run_key = await registry.open_run(key, {"steps": 1})
        await registry.end_run(key.id, run.id)
        await registry.revoke_key("ada", key.id)
        await registry.disable_tenant("ada", "globex", disabled=True)
        assert changes(operator)[1:] == [
            ("local:7", "tenant", "globex"),
            ("ada", "key", key.id),
            ("ada", "tenant", "globex"),
            (key.id, "run", run.id),
            (key.id, "run", run.id),
            ("ada", "key", key.id),
            ("ada", "tenant", "globex"),
        ]
        told = "".join(operator.records())
        assert token.split("-", 3)[3] not in told
        assert run_key.rpartition("-")[2] not in told
        capped = json.loads(operator.records()[3])["change"]
        assert (capped["old"]["caps"], capped["new"]["caps"]) == ([f"nano_usd/day/hard/{DOLLAR}"], [])


async def test_what_was_changed_is_there_after_a_restart(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        key, token = await operator.client_key()
        await operator.registry.set_caps("ada", "globex", [Cap("tokens", 9, "month")])
        run, run_key = await operator.registry.open_run(key)
    with opened(path) as operator:
        directory = operator.directory
        assert directory.key_of(token) is directory.key(key.id)
        assert directory.tenant("globex") is not None
        assert directory.run(run.id) == run
        spoken = directory.key_of(run_key)
        assert spoken is not None
        assert spoken.run_id == run.id
        assert spoken.tenant.caps == (Cap("tokens", 9, "month"),)
        assert isinstance(operator.ledger.run(run.id), Run)


async def test_a_cap_binds_the_ledger_once_it_is_set(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        await operator.registry.create_tenant("ada", "globex", caps=[Cap("nano_usd", 10, "day")])
        order = Order("h1", ("tenant:globex",), 11, 1, 1, operator.clock.utc_us() + 1)
        assert isinstance(operator.ledger.hold(order), Exceeded)
        await operator.registry.set_caps("ada", "globex", [Cap("nano_usd", 11, "day")])
        assert not isinstance(operator.ledger.hold(order), Exceeded)


async def test_a_change_that_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, token = await operator.client_key()
        run, _ = await operator.registry.open_run(key)
        registry = unwritable(operator)
        with pytest.raises(AuditUnavailable):
            await registry.create_tenant("ada", "initech")
        with pytest.raises(AuditUnavailable):
            await registry.set_caps("ada", "globex", [Cap("nano_usd", 0, "day")])
        with pytest.raises(AuditUnavailable):
            await registry.revoke_key("ada", key.id)
        with pytest.raises(AuditUnavailable):
            await registry.open_run(key)
        assert operator.directory.tenant("initech") is None
        assert operator.directory.key_of(token) == key
        assert [each.id for each in operator.directory.runs()] == [run.id]
        order = Order("h1", ("tenant:globex",), 1, 1, 1, operator.clock.utc_us() + 1)
        assert not isinstance(operator.ledger.hold(order), Exceeded)


async def test_a_run_that_is_ended_stops_spending_even_if_that_cannot_be_written(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        run, _ = await operator.registry.open_run(key)
        with pytest.raises(AuditUnavailable):
            await unwritable(operator).end_run("ada", run.id, "killed")
        assert operator.directory.why_ended(run) == "killed"
        ended = await operator.registry.end_run("ada", run.id)
        assert ended.status == "killed"


async def test_what_is_declared_in_the_file_is_changed_there(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        with pytest.raises(NotAllowed, match="change it there"):
            await operator.registry.set_caps("ada", "acme", [])
        with pytest.raises(NotAllowed, match="take it out there"):
            await operator.registry.revoke_key("ada", "acme.ci")
        key, _ = await operator.registry.create_key("ada", "acme", name="second")
        assert key.tenant.declared
        assert operator.directory.key_of(CI_KEY) is not None


async def test_what_does_not_exist_or_cannot_be_is_refused(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        registry = operator.registry
        for wrong in (
            registry.set_caps("ada", "nobody", []),
            registry.set_caps("ada", "house", []),
            registry.revoke_key("ada", "nothing"),
            registry.end_run("ada", "nothing"),
            registry.create_key("ada", "nobody", name="k"),
            registry.create_key("ada", "house", name="k"),
        ):
            with pytest.raises(NotFound):
                await wrong
        two = [Cap("tokens", 1, "day"), Cap("tokens", 2, "day")]
        for refused in (
            registry.create_tenant("ada", "acme"),
            registry.create_tenant("ada", "initech", caps=two),
            registry.create_key("ada", "acme", name="k", profile="nothing"),
            registry.create_key("ada", "acme", name="k", role="run"),
        ):
            with pytest.raises(InvalidRequest):
                await refused


async def test_agents_are_counted_by_the_ledger_over_the_whole_tree(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        _, token = await operator.registry.open_run(key)
        own = operator.directory.key_of(token) or key
        await operator.registry.open_run(own)
        await operator.registry.open_run(own)
        with pytest.raises(BudgetExceeded, match="agents") as caught:
            await operator.registry.open_run(own)
        assert caught.value.limit == 2


async def test_a_client_made_run_id_is_opened_once_and_not_again_while_the_ledger_knows_it(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        run, _ = await operator.registry.open_run(key, run_id="a" * 20)
        assert run.id == "a" * 20
        operator.clock.turn(60 + 86_400)
        operator.directory.forget_expired()
        with pytest.raises(RunEnded, match="choose another"):
            await operator.registry.open_run(key, run_id="a" * 20)
        operator.clock.turn(86_401)
        operator.ledger.forget_runs()
        again, _ = await operator.registry.open_run(key, run_id="a" * 20)
        assert again.opened_us > run.opened_us


async def test_a_run_whose_parent_the_ledger_has_ended_is_not_opened(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        run, token = await operator.registry.open_run(key)
        operator.ledger.end_run(run.id)
        with pytest.raises(RunEnded):
            await operator.registry.open_run(operator.directory.key_of(token) or key)


async def test_a_start_gives_the_ledger_what_the_file_and_state_say_now(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        assert await operator.registry.align() == 2
        assert await operator.registry.align() == 0
        key, _ = await operator.client_key()
        run, _ = await operator.registry.open_run(key)
        alone = Registry(operator.directory, operator.house.book, operator.clock)
        assert await alone.align() == 0
        await alone.end_run("local:7", run.id, "killed")
        await alone.open_run(key)
    path.write_text(path.read_text().replace('"100"', '"50"'))
    with opened(path) as operator:
        assert await operator.registry.align() == 2
        account = operator.ledger.account("tenant:acme", 0)
        assert account is not None
        assert account.cells[0].limit == 50 * DOLLAR
        ended = operator.ledger.run(run.id)
        assert ended is not None
        assert ended.why == "killed"
    with opened(path) as operator:
        assert isinstance(operator.ledger, EmbeddedLedger)
        assert await operator.registry.align() == 0


async def test_runs_that_expired_leave_memory_and_a_day_later_the_tables(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        await operator.registry.open_run(key)

        def rows() -> int:
            return len(operator.house.book.query("SELECT id FROM state_run"))

        assert await operator.registry.forget_runs() == 0
        operator.clock.turn(60 + 86_400)
        assert (await operator.registry.forget_runs(), rows()) == (1, 1)
        operator.clock.turn(86_401)
        assert (await operator.registry.forget_runs(), rows()) == (0, 0)
        with pytest.raises(AuditUnavailable):
            await unwritable(operator).forget_runs()
