"""All receivers of the book's records: begun, ended, and how far each is. What one does is in `receiver.py`."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from audit.book import Book
from limits.clock import Clock

from . import optional
from .config.delivery import DeliverySettings
from .duty import always


class Delivery(Collector):
    """All receivers."""

    def __init__(
        self, settings: Sequence[DeliverySettings], book: Book, clock: Clock, on_duty: Callable[[], bool] = always
    ) -> None:
        self._receivers = [optional.receiver(each, book, clock, on_duty) for each in settings]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, each where it was."""
        loop = asyncio.get_running_loop()
        for each in self._receivers:
            each.recall()
        self._tasks = [loop.create_task(each.run()) for each in self._receivers]

    async def stop(self) -> None:
        """End; what was not acknowledged is sent again after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def collect(self) -> Iterator[Metric]:
        """Return the samples of this moment."""
        lag = GaugeMetricFamily("tollhouse_delivery_lag_records", "Not yet delivered", labels=("receiver",))
        failed = CounterMetricFamily("tollhouse_delivery_failures", "Batches not taken", labels=("receiver",))
        dropped = CounterMetricFamily("tollhouse_delivery_dropped_records", "Left out", labels=("receiver",))
        for each in self._receivers:
            lag.add_metric((each.name,), max(0, each.seen - each.size))
            failed.add_metric((each.name,), each.failed)
            dropped.add_metric((each.name,), each.dropped)
        return iter((lag, failed, dropped))
