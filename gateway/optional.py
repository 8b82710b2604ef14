"""Parts that only some configurations need, imported when one asks for them: the others start without their cost.

They are imported by name, so the linter of imports sees none of it. `catalogue.py` does the same for the other client
of upstreams, and `audit/extras.py` for what pip installs as an extra.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from audit.anchor import FileAnchor
from audit.book import Book
from audit.note import Verifier
from audit.place import Place
from limits.clock import Clock

from .config.delivery import DeliverySettings
from .config.traces import TraceSettings
from .config.upstreams import UpstreamSettings
from .directory import Directory

if TYPE_CHECKING:
    from .receiver import Receiver
    from .reconcile import Replay, Shared
    from .spans import Spans
    from .witnessed import Witnessed


def book_server(url: str) -> Place:
    """Return the place of a book on a PostgreSQL server (psycopg: 60 ms)."""
    place: Place = importlib.import_module("audit.postgres").Server(url)
    return place


def shared(url: str, book: Book, directory: Directory, clock: Clock, replay: "Replay") -> "Shared":
    """Return what lies in Redis (hiredis), above all the ledger, which is filled from the book when it must be."""
    made: Shared = importlib.import_module("gateway.reconcile").shared(url, book, directory, clock, replay)
    return made


async def redis_fits(url: str) -> None:
    """Raise an OSError that says why the ledger can never live on the Redis at an address; one that is away may do."""
    await importlib.import_module("limits.redis.fit").look(url)


def receiver(settings: DeliverySettings, book: Book, clock: Clock, on_duty: Callable[[], bool]) -> "Receiver":
    """Return what pushes the book's records to a receiver (httpx: a tenth of a second)."""
    made: Receiver = importlib.import_module("gateway.receiver").Receiver(settings, book, clock, on_duty)
    return made


def witnessed(url: str, witness: Verifier, kept: FileAnchor, *, wait_s_max: float) -> "Witnessed":
    """Return what asks a witness to cosign (httpx)."""
    module = importlib.import_module("gateway.witnessed")
    made: Witnessed = module.Witnessed(url, witness, kept, wait_s_max=wait_s_max)
    return made


def spans(settings: TraceSettings, upstreams: Sequence[UpstreamSettings], clock: Clock) -> "Spans":
    """Return what exports spans to the collector that is configured (OpenTelemetry's SDK: a quarter of a second)."""
    module = importlib.import_module("gateway.spans")
    providers = {upstream.name: module.PROVIDERS.get(upstream.kind, upstream.name) for upstream in upstreams}
    made: Spans = module.Spans(settings, providers, clock)
    return made
