"""A Redis that can never do is refused by name; one that is away may do later."""

import pytest

from limits.redis.fit import Unfit, judge, look
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


def test_what_info_says_decides() -> None:
    judge({"redis_version": "7.0.15", "cluster_enabled": "0"})
    judge({"redis_version": "8.2.1"})
    with pytest.raises(Unfit, match=r"version 6\.2\.14: 7 or later"):
        judge({"redis_version": "6.2.14"})
    with pytest.raises(Unfit, match="name a single master"):
        judge({"redis_version": "7.2.0", "cluster_enabled": "1"})


async def test_a_server_is_looked_at_as_it_runs() -> None:
    with Redis() as single:
        await look(single.url)
    await look(single.url)
    with Redis(cluster=True) as node, pytest.raises(Unfit, match="redirections"):
        await look(node.url)
