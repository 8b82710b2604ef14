"""One Redis that forgets nothing, for each file of tests."""

from collections.abc import Iterator

import pytest

from tests.servers.live import Redis


@pytest.fixture(scope="module")
def durable() -> Iterator[Redis]:
    with Redis(durable=True) as server:
        yield server
