"""A Redis that could forget is refused; one that is not there is said."""

from collections.abc import Iterator

import pytest

from agents.redis.place import connect
from bench.overhead.processes import free_port
from tests.servers.live import Redis


@pytest.fixture(scope="module")
def forgetful() -> Iterator[Redis]:
    with Redis() as server:
        yield server


def test_a_redis_that_may_forget_what_it_acknowledged_is_refused(forgetful: Redis) -> None:
    with pytest.raises(ValueError, match=r"appendonly no.* --appendonly yes --appendfsync always"):
        connect(forgetful.url)


def test_a_redis_that_does_not_answer_is_named_without_its_password() -> None:
    port = free_port()
    with pytest.raises(ConnectionError, match=f"Redis at 127.0.0.1:{port} does not answer") as caught:
        connect(f"redis://:secret@127.0.0.1:{port}/0")
    assert "secret" not in str(caught.value)
