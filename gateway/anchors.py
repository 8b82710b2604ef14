"""Anchors the book while it is served: each new checkpoint goes to files and witnesses elsewhere, at most 60 s apart.

A witness's cosigned checkpoints are kept beside the book in `cosigned.NAME` for auditors. If an anchor has seen what
the book does not contain, the book was rewritten, cut, or restored from an old copy: the gateway is unready until a
person has looked. An anchor that cannot be reached is a lag in the metrics and never holds up a call.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from audit.anchor import Anchor as KeptAnchor
from audit.anchor import FileAnchor
from audit.cosignature import CosignatureVerifier
from audit.errors import BookDamaged, BookError
from audit.extras import extra
from audit.note import Verifier
from audit.place import Place
from audit.reader import Reader
from limits.clock import Clock

from . import optional
from .config.anchors import AnchorSettings
from .duty import always

log = logging.getLogger("tollhouse.anchors")

_ADVICE = "if an old copy was restored, restore the newest; else keep both as evidence, and name another anchor file"


class Anchor(Protocol):
    """One place elsewhere."""

    async def add(self, book: Place) -> None:
        """Anchor the book's last checkpoint, durable on return.

        Raises BookDamaged if it does not extend what was anchored; BookError, OSError if it fails.
        """
        ...


class Filed:
    """A file, perhaps on a slow share, or a bucket: written in a thread."""

    def __init__(self, anchor: KeptAnchor) -> None:
        self._anchor = anchor

    async def add(self, book: Place) -> None:
        """Append the last checkpoint if it is new."""
        await asyncio.to_thread(self.add_now, book)

    def add_now(self, book: Place) -> None:
        """Do the same in this thread."""
        with Reader.open(book) as reader:
            self._anchor.add(reader)


class Anchors(Collector):
    """All anchors of one book, their lag and whether one of them contradicts the book."""

    def __init__(
        self,
        settings: Sequence[AnchorSettings],
        book: Place,
        origin: str,
        verifiers: Sequence[Verifier],
        clock: Clock,
        *,
        folder: Path,
        on_duty: Callable[[], bool] = always,
    ) -> None:
        self._book = book
        self._clock = clock
        self._on_duty = on_duty
        self.contradictions: dict[str, str] = {}
        self._anchors = {each.name: _anchor(each, folder, origin, verifiers) for each in settings}
        self._every_s = {each.name: each.every_s for each in settings}
        self._done_ns = dict.fromkeys(self._anchors, clock.monotonic_ns())
        self._failed = dict.fromkeys(self._anchors, 0)
        self._tasks: list[asyncio.Task[None]] = []

    def check(self) -> None:
        """Compare the book with the files before anything is served; raises BookDamaged if it does not extend them."""
        for name, anchor in self._anchors.items():
            if isinstance(anchor, Filed):
                try:
                    anchor.add_now(self._book)
                except BookDamaged as error:
                    raise BookDamaged(f"{error}; {_ADVICE}") from error
                except (BookError, OSError) as error:
                    log.warning("anchor %s cannot be reached: %s", name, error)

    def start(self) -> None:
        """Begin; the first anchoring is at once."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._every(name, wait_s)) for name, wait_s in self._every_s.items()]

    async def stop(self) -> None:
        """End, and anchor what was signed last."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for name in self._anchors if self._on_duty() else ():
            await self.turn(name)

    async def turn(self, name: str) -> None:
        """Anchor in one place what is new; a failure is logged, counted, and made up for by a later turn."""
        try:
            await self._anchors[name].add(self._book)
        except BookDamaged as error:
            self.contradictions[name] = str(error)
            log.error("anchor %s contradicts the book: %s", name, error)  # noqa: TRY400 - the sentence says it
        except (BookError, OSError) as error:
            self._failed[name] += 1
            log.warning("anchor %s is late: %s", name, error or type(error).__name__)
        else:
            self.contradictions.pop(name, None)
            self._done_ns[name] = self._clock.monotonic_ns()

    def unready(self) -> list[str]:
        """Return a sentence for each anchor that contradicts the book; who may ask learns no path."""
        return [f"anchor {name} has seen another history of the book" for name in self.contradictions]

    def collect(self) -> Iterator[Metric]:
        """Return the samples of this moment."""
        lag = GaugeMetricFamily(
            "tollhouse_anchor_lag_seconds", "Since all that was signed was anchored", labels=("anchor",)
        )
        failed = CounterMetricFamily("tollhouse_anchor_failures", "Anchorings that failed", labels=("anchor",))
        apart = GaugeMetricFamily(
            "tollhouse_anchor_contradicts", "1: the book is not what was anchored", labels=("anchor",)
        )
        now_ns = self._clock.monotonic_ns()
        for name, done_ns in self._done_ns.items() if self._on_duty() else ():
            lag.add_metric((name,), (now_ns - done_ns) / 1e9)
            failed.add_metric((name,), self._failed[name])
            apart.add_metric((name,), float(name in self.contradictions))
        return iter((lag, failed, apart))

    async def _every(self, name: str, wait_s: float) -> None:
        while True:
            if self._on_duty():
                await self.turn(name)
            await asyncio.sleep(wait_s)


def _anchor(settings: AnchorSettings, folder: Path, origin: str, verifiers: Sequence[Verifier]) -> Anchor:
    if settings.file is not None:
        return Filed(FileAnchor(settings.file, origin, verifiers))
    if settings.bucket is not None:
        options = {"retain_days": settings.retain_days, "wait_s_max": settings.wait_s_max}
        address, endpoint = settings.bucket, settings.endpoint
        return Filed(extra("bucket").BucketAnchor(address, origin, verifiers, endpoint=endpoint, **options))
    assert settings.witness is not None  # noqa: S101 - the configuration has one of the two
    assert settings.witness_key is not None  # noqa: S101 - as above
    kept = FileAnchor(folder / f"cosigned.{settings.name}", origin, verifiers)
    key = CosignatureVerifier.from_vkey(settings.witness_key)
    return optional.witnessed(settings.witness, key, kept, wait_s_max=settings.wait_s_max)
