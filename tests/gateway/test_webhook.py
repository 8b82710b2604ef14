"""The webhook: signed, told again until it is taken, bounded, and never waited for."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.config.approvals import WebhookSettings
from gateway.config.values import Secret
from gateway.signature import signed
from gateway.webhook import Webhook
from limits.clock import ManualClock
from tests.gateway.live import live
from tests.gateway.stages.test_consent import PAY, SCRIPT, ask, decide
from tests.gateway.tools.shop import shop

pytestmark = pytest.mark.anyio


def settings(url: str, **more: Any) -> dict[str, Any]:
    return {"url": f"{url}/hook", "private_networks": ["127.0.0.0/8"], **more}


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)


async def test_questions_and_decisions_are_told_signed_and_without_values(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    async with shop() as hook:
        approvals = {"webhook": settings(hook.url, secret="file/secret")}
        async with live(tmp_path, script=SCRIPT, tools=[PAY], approvals=approvals) as gate:
            asked = (await ask(gate)).json()["error"]["approval_id"]
            await decide(gate, asked)
            await until(lambda: len(hook.seen) == 2)
            assert [seen.json["type"] for seen in hook.seen] == ["approval.requested", "approval.decided"]
            assert {seen.json["id"] for seen in hook.seen} == {asked}
            assert b"bob@example.com" not in hook.seen[0].body
            for seen in hook.seen:
                at_us = int(seen.headers["webhook-timestamp"]) * 1_000_000
                own = signed(b"hush", seen.headers["webhook-id"], seen.body, at_us)
                assert seen.headers["webhook-signature"] == own["webhook-signature"]


async def test_a_message_is_told_again_and_then_given_up() -> None:
    async with shop() as tool:
        hook = WebhookSettings.model_validate(settings(tool.url, attempts_max=2))
        webhook = Webhook(hook, ManualClock(), Random(1), first_s=0.01)
        webhook.start()
        tool.answers = [(503, "text/plain", b""), (200, "text/plain", b""), (404, "text/plain", b"")]
        for number in range(2):
            webhook.tell({"number": number})
        await until(lambda: webhook.dropped == 1)
        assert [seen.json["number"] for seen in tool.seen] == [0, 0, 1]
        first, again, other = (seen.headers["webhook-id"] for seen in tool.seen)
        assert first == again != other
        await webhook.stop()


async def test_what_does_not_fit_the_queue_is_dropped_and_counted() -> None:
    told = settings("http://127.0.0.1:9", queue_max=1, secret=Secret("env/X", "x"))
    webhook = Webhook(WebhookSettings.model_validate(told), ManualClock(), Random(1))
    webhook.tell({})
    webhook.tell({})
    assert webhook.dropped == 1
    await webhook.stop()
