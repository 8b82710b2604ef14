"""The growth's folders are what they say: each key is taken, each record in the book, connections stay."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.growth import shown
from bench.growth.filled import with_records, with_tenants
from bench.overhead.measure import provider
from bench.overhead.processes import free_port, running
from bench.overhead.targets.tollhouse import Tollhouse
from gateway.config import load
from gateway.house import open_house
from limits.clock import SystemClock


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    with Tollhouse(whole=False).prepared(tmp_path, free_port(), free_port()):
        return tmp_path / "tollhouse.yaml"


def test_each_tenant_has_a_cap_and_a_key_that_is_taken(configuration: Path) -> None:
    with_tenants(configuration, 400, keys := configuration.with_name("keys"))
    with open_house(load(configuration), SystemClock()) as house:
        found = [house.directory.key_of(text.encode()) for text in keys.read_text().split()]
        assert len({key.tenant.id for key in found if key is not None}) == 400
        assert all(key is not None and key.tenant.caps for key in found)


def test_records_are_in_the_book(configuration: Path) -> None:
    with_records(configuration, 1_200)
    with open_house(load(configuration), SystemClock()) as house:
        assert sum(b"billed" in body for _, body in house.book.records()) == 600


def test_idle_connections_stay_until_the_input_ends(tmp_path: Path) -> None:
    with (
        provider() as upstream,
        Tollhouse(whole=False).prepared(tmp_path, port := free_port(), upstream.port) as launch,
        running(launch.command, port, tmp_path, ready=launch.ready, env=launch.env) as gateway,
    ):
        files = Path(f"/proc/{gateway.process.pid}/fd")
        command = [sys.executable, "-m", "bench.growth.idle", "--port", str(port), "--count", "30"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as idle:
            assert idle.stdout is not None
            assert idle.stdout.readline() == "ready\n"
            during = len(list(files.iterdir()))
            idle.communicate("")
        ends = time.monotonic() + 10
        while len(list(files.iterdir())) > during - 30:
            assert time.monotonic() < ends, "what stayed open was not theirs"
            time.sleep(0.02)


def test_each_kind_of_growth_is_a_table_and_all_but_processes_one_chart() -> None:
    point = {"count": 10, "cpu_us": 100.0, "calls_per_s": 5.0, "memory_mb": 80.0, "start_ms": 900.0}
    machine = {"at": "now", "load before": "0", "commit": "c", "command": "python"}
    kept = {"kinds": {name: {"machine": machine, "points": [point]} for name in ("runs", "processes")}}
    assert shown.table(kept).count("| 10 | 100 | 5 | 80 | 900 |") == 2
    assert shown.charts(kept).keys() == {"growth.svg", "growth-processes.svg"}
    assert shown.charts({"kinds": {}}) == {}
