"""Which Redis a ledger can live on: one server of version 7 or later; what it is now (master, evicting) may change.

The nodes of a Redis Cluster are refused: they answer with redirections to each other, and the one connection that
scripts, subscriptions and identity share (`link.py`) follows none. Several tenants do not need one: a Redis decides
about 20,000 calls a second, and it can have replicas and a failover (`docs/adr/redis-ledger.md`).
"""

import asyncio

from .wire import Address, Lost, Wire, packed

_VERSION_MIN = 7


class Unfit(OSError):
    """This Redis can never be what the ledger lives on; the sentence says what it is."""


def info_of(reply: bytes) -> dict[str, str]:
    """Return what INFO says, by name."""
    lines = (line.partition(":") for line in reply.decode().splitlines())
    return {name: value for name, colon, value in lines if colon}


def judge(info: dict[str, str]) -> None:
    """Raise Unfit for a server that no waiting makes fit, by what its INFO says."""
    version = info.get("redis_version", "0")
    if int(version.partition(".")[0]) < _VERSION_MIN:
        raise Unfit(f"this Redis has version {version}: {_VERSION_MIN} or later is needed")
    if info.get("cluster_enabled") == "1":
        raise Unfit("this Redis is a node of a cluster, whose redirections are not followed: name a single master")


async def look(url: str) -> None:
    """Raise Unfit if the Redis at an address can never do; one that does not answer now may do later. ValueError."""
    closed = asyncio.Event()
    try:
        wire = await Wire.connect(Address.parse(url), lambda _: None, closed.set)
        try:
            judge(info_of(await wire.must(packed("INFO"))))
        finally:
            wire.close()
    except Lost:
        return
