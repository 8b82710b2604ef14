"""A gateway in a process of its own (`python -m gateway serve`), to be told to stop, or killed."""

import asyncio
import contextlib
import hashlib
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from audit.keys import load_signing_key
from audit.verify import verify_book
from gateway.app import Tollhouse
from gateway.config import load
from gateway.house import open_house
from limits.clock import ManualClock, SystemClock
from limits.seam import LocalLedger
from tests.gateway.live import local, settings
from tests.tree.source import ROOT

TOKEN = "sk-th-declaredkeys-this-one-is-declared-by-its-hash-in-the-file"
_START_S_MAX = 60.0
_READY = re.compile(rb"serves at (http://\S+)")


@dataclass(slots=True)
class Served:
    """A running process. `url` ends before `/v1`."""

    process: asyncio.subprocess.Process
    url: str
    admin_token: str | None = None

    def client(self, token: str = TOKEN) -> httpx.AsyncClient:
        """Return a client that speaks with the declared key, or another."""
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)


def write(folder: Path, upstream_url: str, *, usd: str = "100", **parts: Any) -> Path:
    """Write a configuration whose tenant `acme` has a declared key and a cap in dollars."""
    keys = [{"name": "ci", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}]
    tenants = [{"name": "acme", "caps": [{"usd": usd, "per": "total"}], "keys": keys}]
    path = folder / "tollhouse.yaml"
    path.write_text(json.dumps(settings(upstream_url, tenants=tenants, **parts)))
    return path


@contextlib.asynccontextmanager
async def serving(path: Path, *options: str) -> AsyncIterator[Served]:
    """Start the process, wait until it serves, and kill it at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "serve", "--config", str(path), *options),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = []
    try:
        async with asyncio.timeout(_START_S_MAX):
            while line := await process.stderr.readline():
                said.append(line)
                if ready := _READY.search(line):
                    break
        assert said, "it said nothing"
        assert ready, b"".join(said).decode()
        token = re.search(rb"sk-th-\S+", b"".join(said))
        yield Served(process, ready[1].decode(), token.group().decode() if token else None)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@dataclass(slots=True)
class Aftermath:
    """What the folder says after the process has gone."""

    records: list[dict[str, Any]]
    ledger: LocalLedger
    cap_used: int
    cap_settled: int
    holds: int


async def aftermath(path: Path, *, hours_later: float = 0.0) -> Aftermath:
    """Verify the book, own the folder (as a restart so much later would), let what is over expire, and tell."""
    config = load(path)
    book = config.folder / "book.sqlite"
    verdict = verify_book(book, [load_signing_key(config.folder / "signing.key").verifier])
    assert verdict.ok, verdict
    clock = ManualClock(SystemClock().utc_us() + round(hours_later * 3_600e6))
    with open_house(config, clock) as house:
        app = Tollhouse(house, clock)
        try:
            await app.registry.align()
            await app.housekeeping.expire()
            again = Tollhouse(house, clock)
            balances = local(app).books.balances("tenant:acme")
            assert balances is not None
            assert balances == local(again).books.balances("tenant:acme")
            await again.catalogue.close()
            records = [json.loads(body) for _, body in house.book.records()]
            (cap,) = balances.caps
            holds = len(local(app).books._open)
            return Aftermath(records, local(app), cap.settled + cap.held, cap.settled, holds)
        finally:
            await app.catalogue.close()
