"""Tollhouse as it is served, in a fresh folder: core or everything on, by itself or on Redis and PostgreSQL."""

import hashlib
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from audit.place import File, Place
from audit.postgres import Server
from bench.overhead.targets.target import Launch
from bench.overhead.workloads import MODELS, TOOL
from gateway.house import BOOK_NAME
from tests.servers.binaries import missing
from tests.servers.live import Postgres, Redis

_WHEELS = Path(__file__).parents[3] / "dist"
# For this benchmark's own gateway on loopback only; it lives as long as the run.
_KEY = "sk-th-bench00000000-" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


class Tollhouse:
    """``python -m gateway serve``: budgets, PII there and back, two durable records a call, metrics.

    ``whole`` also keeps the (redacted) contents encrypted, and has the tool that is offered configured.
    ``shared`` puts book and state on PostgreSQL and the ledger on Redis, both on this machine. ``compiled`` serves the
    wheel that ``make wheel`` left in dist, whose guards are compiled.
    """

    def __init__(self, *, whole: bool, shared: bool = False, compiled: bool = False, workers: int = 1) -> None:
        self._whole = whole
        self._shared = shared
        self._compiled = compiled
        self._workers = workers
        beside = f"{', guards compiled' if compiled else ''}{', Redis + PostgreSQL' if shared else ''}"
        self.name = f"Tollhouse, {'everything on' if whole else 'core'}{beside}"

    def missing(self) -> str | None:
        """Tell how to get the wheel and the servers, if it needs them and they are not here."""
        if self._compiled and not any(_WHEELS.glob("tollhouse-*.whl")):
            return "no wheel in dist: make wheel, then run this again"
        absent = missing() if self._shared else []
        return f"{' and '.join(absent)} not found: make servers, then run this again" if absent else None

    @contextmanager
    def prepared(self, folder: Path, port: int, upstream_port: int) -> Iterator[Launch]:
        """Write a tollhouse.yaml with one upstream, the benchmark's models, and one tenant with one key and a cap."""
        tree = _tree(folder, port, upstream_port)
        if self._whole:
            tree["profiles"] = [{"name": "default", "guards": {"payloads": "redacted"}}]
            tree["tools"] = [{"name": TOOL, "kind": "local", "touches": ["payments"]}]
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(folder / "tollhouse.yaml")]
        with ExitStack() as servers:
            beside, env = {}, {}
            book: Place = File(folder / "data" / BOOK_NAME)
            if self._shared:
                redis = servers.enter_context(Redis())  # its loss is made good from the book, so it need not be durable
                postgres = servers.enter_context(Postgres(durable=True))
                beside = {"Redis": redis.pid, "PostgreSQL": postgres.pid}
                env = {"BENCH_REDIS": redis.url, "BENCH_POSTGRES": postgres.database()}
                book = Server(env["BENCH_POSTGRES"])
                tree["shared"] = {"redis": "env/BENCH_REDIS", "postgres": "env/BENCH_POSTGRES"}
                command += ["--workers", str(self._workers)]
            (folder / "tollhouse.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
            yield Launch(
                command,
                ready="/readyz",
                cwd=_unpacked(folder / "packages") if self._compiled else None,
                env=env,
                key=_KEY,
                masks="both",
                beside=beside,
                book=book,
                contents=self._whole,
            )


def _unpacked(folder: Path) -> Path:
    """Unpack the wheel into a folder: what is started there finds these packages first."""
    zipfile.ZipFile(max(_WHEELS.glob("tollhouse-*.whl"), key=lambda wheel: wheel.stat().st_mtime)).extractall(folder)
    return folder


def _tree(folder: Path, port: int, upstream_port: int) -> dict[str, Any]:
    price = {"input_usd_per_million": "0.15", "output_usd_per_million": "0.60"}
    provider = {"name": "provider", "kind": "openai_compatible", "base_url": f"http://127.0.0.1:{upstream_port}/v1"}
    key = {"name": "bench", "sha256": hashlib.sha256(_KEY.encode()).hexdigest()}
    return {
        "listen": {"port": port},
        "folder": str(folder / "data"),
        "upstreams": [{**provider, "private_addresses": True}],
        "models": [
            {"name": model, "targets": [{"upstream": "provider", "model": model}], "price": dict(price)}
            for model in MODELS
        ],
        "tenants": [{"name": "bench", "caps": [{"usd": "1000000", "per": "day"}], "keys": [key]}],
    }
