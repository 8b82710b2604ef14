"""A connection to a Redis that keeps what it acknowledged: append-only file, synced at every write.

A run that is gone on with must find every step it did: a Redis that may forget the last second would let a step be done
twice, so such a one is refused.
"""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

PREFIX = "tollhouse:agents"
WAIT_S_MAX = 5.0


def connect(url: str, *, wait_s_max: float = WAIT_S_MAX) -> Redis:
    """Return a client whose commands each take `wait_s_max` at most and are never sent twice.

    Raises ConnectionError if there is no answer, ValueError if that Redis could lose what it acknowledged.
    """
    once = Retry(NoBackoff(), 0)  # a write whose reply was lost may have been done
    client = Redis.from_url(url, socket_timeout=wait_s_max, socket_connect_timeout=wait_s_max, retry=once)
    try:
        found: Any = client.config_get("append*")
    except RedisError as error:
        client.close()
        raise ConnectionError(f"Redis at {_shown(client)} does not answer: {error}") from error
    if (found.get("appendonly"), found.get("appendfsync")) != ("yes", "always"):
        client.close()
        raise ValueError(
            f"Redis at {_shown(client)} may forget what it acknowledged (appendonly {found.get('appendonly')},"
            f" appendfsync {found.get('appendfsync')}): start it with --appendonly yes --appendfsync always"
        )
    return client


def _shown(client: Redis) -> str:
    options = client.connection_pool.connection_kwargs
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
