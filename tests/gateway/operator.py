"""What the operator's tests share: a configuration in a folder of its own, the house opened from it, and its parts."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from gateway.admin import Parts
from gateway.admin.app import build
from gateway.breakers import Breakers
from gateway.charges import Charges
from gateway.config import Config, load
from gateway.directory import Directory, Registry
from gateway.directory.stops import Stops
from gateway.house import House, open_house
from gateway.journal import Journal
from gateway.keeper import keeper_of
from gateway.papers import Key
from gateway.restore import restore
from gateway.spending import Spending
from limits.breaker import Breaker
from limits.clock import ManualClock
from limits.ledger import EmbeddedLedger
from limits.seam import LocalLedger

CI_KEY = "sk-th-declaredkeys-this-one-is-declared-by-its-hash-in-the-file"
CI_HASH = hashlib.sha256(CI_KEY.encode()).hexdigest()
YAML = """\
upstreams:
  - {name: local, kind: openai_compatible, base_url: "http://127.0.0.1:9/v1", private_addresses: true}
models:
  - name: small
    targets: [{upstream: local, model: small}]
    price: {input_usd_per_million: "1", output_usd_per_million: "2"}
profiles:
  - {name: tight, models: [small], run: {tokens: 1000, steps: 4, agents: 2, depth: 1, seconds: 60}}
tenants:
  - name: acme
    time_zone: Europe/Berlin
    caps: [{usd: "100", per: month}]
    keys: [{name: ci, sha256: %s, profile: tight, expires: 2030-01-01}]
"""


def write_config(folder: Path, text: str = "") -> Path:
    """Write a configuration that works into a folder, and return its path."""
    path = folder / "tollhouse.yaml"
    path.write_text(text or YAML % CI_HASH)
    return path


@dataclass(slots=True)
class Operator:
    """An opened house with everything that serves it but the calls."""

    house: House
    clock: ManualClock
    ledger: EmbeddedLedger
    local: LocalLedger
    registry: Registry
    journal: Journal
    breakers: list[Breaker] = field(default_factory=list)

    @property
    def directory(self) -> Directory:
        """Return who is who."""
        return self.house.directory

    def parts(self) -> Parts:
        """Return the parts of the admin application."""
        keeper = keeper_of(self.house.config, self.house.book, self.clock)
        metrics = CollectorRegistry()
        return Parts(
            self.house.config,
            self.directory,
            self.registry,
            self.local,
            Charges(self.journal, self.local),
            Breakers(self.journal, lambda: self.breakers),
            Stops(self.directory, self.house.book, self.local),
            self.clock,
            metrics,
            keeper=keeper,
            spending=Spending(self.house.config.folder, self.house.book, self.directory),
        )

    def records(self) -> list[str]:
        """Return the book's records as text."""
        return [body.decode() for _, body in self.house.book.records()]

    async def client_key(self, tenant: str = "globex", profile: str = "tight") -> tuple[Key, str]:
        """Make a tenant and a key of it."""
        await self.registry.create_tenant("local:7", tenant)
        return await self.registry.create_key("local:7", tenant, name="app", profile=profile)


@contextlib.contextmanager
def opened(config: Config | Path, clock: ManualClock | None = None) -> Iterator[Operator]:
    """Open the house of a configuration, its ledger restored from the book."""
    clock = clock or ManualClock()
    with open_house(load(config) if isinstance(config, Path) else config, clock) as house:
        local = LocalLedger(clock)
        restore(local.books, house.book.records())
        registry = Registry(house.directory, house.book, clock, local)
        yield Operator(house, clock, local.books, local, registry, Journal(house.book, local))


@contextlib.asynccontextmanager
async def asking(app: ASGIApp, token: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to an application in this process, with a key or without one."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t", headers=headers) as client:
        yield client


@contextlib.asynccontextmanager
async def administrating(operator: Operator) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to an operator's admin application as its administrator."""
    async with asking(build(operator.parts()), operator.house.admin_token) as client:
        yield client
