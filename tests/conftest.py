"""What every test has: asyncio under anyio, and no file, socket or task left open without failing."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.live import Postgres

settings.register_profile("tollhouse", deadline=None)  # how long an example takes is the machine's affair, not a fault
settings.load_profile("tollhouse")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio alone: the gateway is an asyncio program, not an anyio library."""
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Collect garbage after each file's tests, so that a forgotten resource fails in the file that forgot it.

    ``filterwarnings = error`` turns a finaliser's ResourceWarning into a failure. Without this a leak in a cycle would
    show in whichever later test happens to trigger a collection; after every test it would cost more than the tests.
    """
    yield
    gc.collect()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start one PostgreSQL server for all tests of this process that ask for it; each makes its own database."""
    with Postgres(durable=True) as server:
        yield server
