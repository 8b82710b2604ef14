"""What one process changes, the others see: keys, caps, stops, runs, kept replies; and nothing is taken back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import Tollhouse
from gateway.errors import AuditUnavailable
from gateway.following import Following
from gateway.replies import Kept
from gateway.tools.approval import Approval
from limits.accounts import Cap
from limits.clock import ManualClock, SystemClock
from tests.gateway.shared import houses
from tests.servers.live import Postgres, Redis


@pytest.fixture
async def apps(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Tollhouse, Tollhouse]]:
    """Two applications of one database; what ends in the second is noted in its `cut`."""
    with Redis() as redis, houses(tmp_path, postgres, monkeypatch, SystemClock(), redis.url) as (one, other):
        both = Tollhouse(one, SystemClock()), Tollhouse(other, SystemClock())
        for app in both:
            assert app.shared is not None
            await app.shared.ledger.start()
        yield both
        for app in both:
            assert app.following is not None
            assert app.shared is not None
            await app.shared.ledger.stop()
            await app.following.stop()
            await app.catalogue.close()


def following(app: Tollhouse) -> Following:
    assert app.following is not None
    return app.following


async def test_keys_caps_runs_and_stops_of_one_process_are_seen_by_another(apps: tuple[Tollhouse, Tollhouse]) -> None:
    one, other = apps
    seen = other.house.directory
    cut: list[str] = []
    following(other)._cut = cut.append
    await one.registry.create_tenant("k", "globex", caps=(Cap("nano_usd", 5, "day"),))
    key, token = await one.registry.create_key("k", "globex", name="ci")
    assert seen.key_of(token) is None
    await following(other).catch_up()
    found = seen.key_of(token)
    assert found is not None
    assert [str(cap) for cap in found.tenant.caps] == ["nano_usd/day/hard/5"]
    await one.registry.set_caps("k", "globex", (Cap("nano_usd", 9, "day"),))
    run, run_token = await one.registry.open_run(key)
    await one.stops.stop("k", "key", key.id)
    await following(other).catch_up()
    found = seen.key_of(token)
    assert found is not None
    assert [str(cap) for cap in found.tenant.caps] == ["nano_usd/day/hard/9"]
    assert seen.key_of(run_token) is not None
    assert key.scope in seen.stopped
    await one.stops.lift("k", "key", key.id)
    await one.registry.end_run("k", run.id)
    await one.registry.revoke_key("k", key.id)
    await following(other).catch_up()
    assert key.scope not in seen.stopped
    ended = seen.run(run.id)
    assert ended is not None
    assert ended.status == "ended"
    assert seen.key_of(token) is None
    assert cut == [key.scope, run.scope]


async def test_a_run_that_was_ended_here_is_not_opened_again_by_an_older_row(apps: tuple[Tollhouse, Tollhouse]) -> None:
    one, other = apps
    await one.registry.create_tenant("k", "globex")
    key, _ = await one.registry.create_key("k", "globex", name="ci")
    run, _ = await one.registry.open_run(key)
    await following(other).catch_up()
    other.house.directory.see_run(replace(run, status="killed"))
    one.house.book.change_now([("UPDATE state_run SET expires_us = expires_us + 1 WHERE id = ?", (run.id,))])
    await following(other).catch_up()
    seen = other.house.directory.run(run.id)
    assert seen is not None
    assert seen.status == "killed"


async def test_a_kept_reply_and_a_decision_are_seen_and_a_yes_is_used_once(apps: tuple[Tollhouse, Tollhouse]) -> None:
    one, other = apps
    await one.registry.create_tenant("k", "globex")
    key, _ = await one.registry.create_key("k", "globex", name="ci")
    name = one.replies.name(key, "again")
    statements, _ = one.replies.keep(key.id, name, Kept("c1", b"f" * 32, b"said", None))
    asked = Approval(
        "apr_1", "globex", key.id, None, "mail", "c1", "a", "p", "rule", "{}", 1, one.clock.utc_us() + 10**9
    )
    one.approvals._see(asked)
    one.house.book.change_now([*statements, one.approvals.rows.put(asked)])
    await following(other).catch_up()
    kept = other.replies.find(key.id, name)
    assert kept is not None
    assert kept.written == b"said"
    waiting = other.approvals._by_id["apr_1"]
    waited = asyncio.create_task(other.approvals._wait([waiting], 20))
    await asyncio.sleep(0)
    asked.status = "approved"
    one.house.book.change_now([one.approvals.rows.put(asked)])
    await following(other).catch_up()
    await asyncio.wait_for(waited, 5)
    assert waiting.status == "approved"
    use = ("UPDATE state_approval SET status = ? WHERE id = ?", ("used", "apr_1"))
    waiting.status = "used"
    one.house.book.change_now([one.approvals.rows.put(asked)])
    await following(other).catch_up()
    assert waiting.status == "used"  # taken here, not yet durable: an older row does not give it back
    other.house.book.change_now([use])
    with pytest.raises(Exception, match="has been used by another call"):
        one.house.book.change_now([use])
    one.house.book.change_now([("DELETE FROM state_approval", ())])
    await following(other).catch_up()
    assert "apr_1" not in other.approvals._by_id


async def test_callers_who_wait_share_a_look_and_more_than_a_batch_is_read(
    apps: tuple[Tollhouse, Tollhouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = apps
    monkeypatch.setattr("gateway.following.BATCH", 2)
    for name in ("a1", "b1", "c1", "d1", "e1"):
        await one.registry.create_tenant("k", name)
    await following(other).catch_up()
    assert other.house.directory.tenant("e1") is not None
    before = following(other)._begun
    await asyncio.gather(*(following(other).catch_up() for _ in range(50)))
    assert following(other)._begun - before <= 2


async def test_a_server_that_does_not_answer_is_an_error_and_makes_unready_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    with Postgres(durable=True) as server, houses(tmp_path, server, monkeypatch, clock) as (one, _):
        app = Tollhouse(one, clock)
        await following(app).catch_up()
        server.kill()
        with pytest.raises(AuditUnavailable, match="the shared state cannot be read"):
            await following(app).catch_up()
        assert "the shared state cannot be read" in following(app).unready()[0]
        following(app).start()
        await asyncio.sleep(0.05)
        server.start()
        async with asyncio.timeout(20):
            while following(app).unready():  # noqa: ASYNC110 - another task's
                await asyncio.sleep(0.02)
        await following(app).stop()
        clock.turn(3_000)
        assert "must be started anew" in following(app).unready()[0]
        await app.catalogue.close()
