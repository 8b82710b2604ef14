"""The metrics of all workers, whichever of them is asked: each sample has the label `worker`, its number.

A worker writes its samples to <folder>/workers/<number>.json every second, and whoever is asked adds the others'
files to its own: so what is told of the others is a second old, and of a worker that died its last figures stay until
another has its number.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

EVERY_S = 1.0
_NAME = "workers"


class Gathered(Collector):
    """All workers' samples. `own` is this worker's registry, `number` its number."""

    def __init__(self, own: CollectorRegistry, folder: Path, number: int) -> None:
        self._own = own
        self._path = folder / _NAME / f"{number}.json"
        self._number = number
        self._task: asyncio.Task[None] | None = None

    @staticmethod
    def clear(folder: Path) -> None:
        """Forget the workers of an earlier supervisor."""
        shutil.rmtree(folder / _NAME, ignore_errors=True)
        (folder / _NAME).mkdir(mode=0o700)

    def start(self) -> None:
        """Begin to tell the others."""
        self._task = asyncio.get_running_loop().create_task(self._every())

    async def stop(self) -> None:
        """End; what was counted last stays told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self.write()

    async def _every(self) -> None:
        while True:
            self.write()
            await asyncio.sleep(EVERY_S)

    def write(self) -> None:
        """Tell the others what this worker has counted."""
        told = [
            [metric.name, metric.documentation, metric.type, [[s.name, s.labels, s.value] for s in metric.samples]]
            for metric in self._own.collect()
        ]
        new = self._path.with_suffix(".new")
        new.write_bytes(orjson.dumps(told))
        new.replace(self._path)

    def collect(self) -> Iterator[Metric]:
        """Return the samples of this moment, the others' as they last told them."""
        self.write()
        families: dict[str, Metric] = {}
        for path in sorted(self._path.parent.glob("*.json")):
            with contextlib.suppress(OSError):
                _add(families, orjson.loads(path.read_bytes()), path.stem)
        return iter(families.values())


def _add(families: dict[str, Metric], told: Iterable[Any], worker: str) -> None:
    for name, documentation, kind, samples in told:
        family = families.setdefault(name, Metric(name, documentation, kind))
        for sample, labels, value in samples:
            family.add_sample(sample, {**labels, "worker": worker}, value)
