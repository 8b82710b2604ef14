"""The directory: who a text is, what a run may do, and what is forgotten."""

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.directory import Directory
from gateway.directory.directory import RUN_KEYS_MAX, lowered
from gateway.errors import BudgetExceeded, InvalidRequest, NotAllowed, RateLimitExceeded, RunEnded
from gateway.papers import Key
from limits.runs import RunLimits
from tests.gateway.operator import CI_KEY, Operator, opened, write_config


def ci(operator: Operator) -> Key:
    key = operator.directory.key_of(CI_KEY)
    assert key is not None
    return key


def test_a_key_is_found_by_its_text_and_by_nothing_else(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        assert ci(operator).id == "acme.ci"
        assert operator.directory.key_of(CI_KEY.encode()) is ci(operator)
        for text in ("", "sk-th-", CI_KEY[:-1], CI_KEY + " ", "acme.ci", "x" * 10_000, "sk-th-run-", "\udc00", "ключ"):
            assert operator.directory.key_of(text) is None


def test_a_key_expires_at_its_instant(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        operator.clock.set_utc_us(1_893_456_000_000_000 - 1)
        assert ci(operator).declared
        operator.clock.turn(0.001)
        assert operator.directory.key_of(CI_KEY) is None


async def test_a_runs_key_speaks_for_its_key_until_that_is_revoked(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        run, token = await operator.registry.open_run(key)
        spoken = operator.directory.key_of(token)
        assert spoken == replace(key, role="run", run_id=run.id)
        assert operator.directory.key_of(token) is spoken
        forged = token[:-1] + ("0" if token[-1] != "0" else "1")
        assert operator.directory.key_of(forged) is None
        assert operator.directory.key_of("sk-th-run-" + "a" * 20 + "-" + "0" * 64) is None
        await operator.registry.revoke_key("local:7", key.id)
        assert operator.directory.key_of(token) is None


async def test_a_runs_key_dies_with_a_changed_policy(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        key, text = await operator.client_key()
        run, token = await operator.registry.open_run(key)
    with opened(path) as operator:
        assert operator.directory.key_of(token) is not None
    path.write_text(path.read_text().replace("tokens: 1000,", "tokens: 999,"))
    with opened(path) as operator:
        assert operator.directory.key_of(text) is not None
        assert operator.directory.run(run.id) is not None
        assert operator.directory.key_of(token) is None


async def test_a_run_is_seen_by_its_key_and_below_by_its_own_key(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        directory = operator.directory
        key, _ = await operator.client_key()
        run, token = await operator.registry.open_run(key)
        own = directory.key_of(token)
        assert own is not None
        child, _ = await operator.registry.open_run(own)
        other, _ = await operator.registry.open_run(key)
        assert [directory.run_for(key, each.id) for each in (run, child, other)] == [run, child, other]
        assert [directory.run_for(own, each.id) for each in (run, child, other)] == [run, child, None]
        assert directory.run_for(ci(operator), run.id) is None
        assert directory.run_for(key, "nothing") is None
        assert list(directory.runs("globex")) == [other, child, run]
        assert list(directory.runs("acme")) == []


async def test_a_run_is_over_when_it_or_an_ancestor_is(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        run, token = await operator.registry.open_run(key)
        own = operator.directory.key_of(token)
        assert own is not None
        child, _ = await operator.registry.open_run(own)
        assert operator.directory.why_ended(child) is None
        await operator.registry.end_run("local:7", run.id, "killed")
        assert operator.directory.why_ended(child) == "killed"
        assert operator.directory.key_of(token) is not None
        with pytest.raises(RunEnded, match="killed"):
            operator.directory.new_run(own)
        operator.clock.turn(60 + 86_400)
        fresh = replace(child, parent=None, path=(child.id,))
        assert operator.directory.why_ended(fresh) == "expired"
        assert operator.directory.forget_expired() == 2
        assert operator.directory.why_ended(child) == "expired"
        assert operator.directory.key_of(token) is None
        with pytest.raises(RunEnded, match="expired"):
            operator.directory.new_run(own)


async def test_depth_is_counted_from_every_ancestor(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        _, token = await operator.registry.open_run(key)
        _, token = await operator.registry.open_run(operator.directory.key_of(token) or key)
        with pytest.raises(BudgetExceeded, match="1 levels of children, this would be level 2"):
            operator.directory.new_run(operator.directory.key_of(token) or key)


def test_administrators_open_no_runs_and_runs_are_bounded(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    path.write_text(path.read_text() + "bounds: {runs_max: 1}\n")
    with opened(path) as operator:
        admin = operator.directory.key_of(operator.house.admin_token or "")
        assert admin is not None
        with pytest.raises(NotAllowed):
            operator.directory.new_run(admin)
        operator.directory.see_run(operator.directory.new_run(ci(operator)))
        with pytest.raises(RateLimitExceeded, match="at most 1"):
            operator.directory.new_run(ci(operator))
        operator.clock.turn(60 + 86_400)
        assert operator.directory.new_run(ci(operator)).status == "open"


def test_a_client_lowers_limits_and_never_raises_them() -> None:
    limits = RunLimits(tokens=100, steps=5)
    assert lowered(limits, {"tokens": 7, "steps": 9, "replans": 1}) == RunLimits(tokens=7, steps=5, replans=1)
    assert lowered(limits, {"tokens": 100}) is limits
    for wrong in ({"money": 1}, {"caps": 1}, {"tokens": -1}, {"tokens": True}, {"tokens": 2**53 + 1}):
        with pytest.raises(InvalidRequest):
            lowered(limits, wrong)


def test_genuine_run_keys_are_remembered_up_to_a_bound(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        directory, key = operator.directory, ci(operator)
        directory._run_keys.update({str(n).encode(): key for n in range(RUN_KEYS_MAX)})
        run = directory.new_run(key)
        directory.see_run(run)
        assert directory.key_of(directory.token_of(run)) is not None
        assert len(directory._run_keys) == 1


def test_an_idle_run_takes_at_most_a_kilobyte(tmp_path: Path) -> None:
    def fill(directory: Directory, key: Key) -> None:
        for _ in range(2_000):
            directory.see_run(directory.new_run(key))

    with opened(write_config(tmp_path)) as operator:
        key = ci(operator)
        gc.collect()
        tracemalloc.start()
        fill(operator.directory, key)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken / 2_000 <= 1_000
