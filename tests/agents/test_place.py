"""A place is a file or an address of Redis."""

import contextlib
from pathlib import Path

import pytest

from agents.place import open_log, open_queue
from agents.redis import RedisJobs
from tests.servers.live import Redis


def test_a_path_is_a_file_for_log_and_queue(tmp_path: Path) -> None:
    place = str(tmp_path / "file")
    with open_log(place) as log, contextlib.closing(open_queue(place)) as queue:
        assert log.name == place
        assert queue.put("{}", "task", {}) == 1
    with pytest.raises(IsADirectoryError, match="is a folder"):
        open_log(str(tmp_path))


def test_an_address_is_redis_for_log_and_queue() -> None:
    with (
        Redis(durable=True) as server,
        open_log(server.url) as log,
        contextlib.closing(open_queue(server.url)) as queue,
    ):
        assert isinstance(queue, RedisJobs)
        assert (log.name, log.runs(), queue.put("{}", "task", {})) == ("Redis, tollhouse:agents", [], 1)
