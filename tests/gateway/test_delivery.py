"""Receivers begun and ended together, and their figures."""

import asyncio
from pathlib import Path

from audit.book import Book
from audit.note import Signer
from gateway.config.delivery import DeliverySettings
from gateway.delivery import Delivery
from gateway.state.schema import SCHEMA
from limits.clock import ManualClock

SIGNER = Signer("example.com/log", b"s" * 32)
CLOCK = ManualClock()


def told(delivery: Delivery) -> dict[str, float]:
    """Return the delivery's metrics by name."""
    return {sample.name: sample.value for metric in delivery.collect() for sample in metric.samples}


async def test_a_receiver_that_is_gone_is_waited_for_ever_longer(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER, schema=SCHEMA) as book:
        await asyncio.to_thread(book.append_now, {"kind": "refusal", "call": "c0"}, tenant="a")
        delivery = Delivery([DeliverySettings(name="gone", url="http://127.0.0.1:9", every_s=0.01)], book, CLOCK)
        delivery.start()
        async with asyncio.timeout(30):
            while not told(delivery)["tollhouse_delivery_failures_total"]:  # noqa: ASYNC110 - a metric wakes nobody
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # thirty times what it waits between deliveries, less than after a failure
        await delivery.stop()
        assert told(delivery)["tollhouse_delivery_failures_total"] == 1
        assert told(delivery)["tollhouse_delivery_lag_records"] == 1
