"""Metrics of all workers: each sample once, with the number of its worker, whoever is asked."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from gateway.gathered import Gathered


def worker(folder: Path, number: int) -> tuple[Gathered, Counter, CollectorRegistry]:
    own, shown = CollectorRegistry(), CollectorRegistry()
    counter = Counter("asked", "Asked", ["model"], registry=own)
    Histogram("took", "Took", registry=own).observe(0.2)
    gathered = Gathered(own, folder, number)
    shown.register(gathered)
    return gathered, counter, shown


async def test_whichever_worker_is_asked_tells_of_all(tmp_path: Path) -> None:
    Gathered.clear(tmp_path)
    (tmp_path / "workers" / "9.json").write_text("[]")
    Gathered.clear(tmp_path)
    first, second = worker(tmp_path, 0), worker(tmp_path, 1)
    first[1].labels("m").inc(2)
    second[1].labels("m").inc(3)
    second[0].start()
    await asyncio.sleep(0)
    second[1].labels("m").inc(4)
    await second[0].stop()
    await first[0].stop()
    said = generate_latest(first[2]).decode()
    assert 'asked_total{model="m",worker="0"} 2.0' in said
    assert 'asked_total{model="m",worker="1"} 7.0' in said
    assert said.count("# TYPE asked_total counter") == 1
    assert 'took_bucket{le="0.25",worker="1"} 1.0' in said
    (tmp_path / "workers" / "1.json").unlink()
    assert 'worker="1"' not in generate_latest(first[2]).decode()
