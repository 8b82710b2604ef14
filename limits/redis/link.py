r"""Keeps a connection to the Redis that holds what the book says; calls pass only while that is so.

    connect ─▶ is it a master that evicts nothing? ─▶ is it the one that was filled? ──yes──▶ open ──▶ lost ─▶ connect
                                                         no │ (restarted, failed over, flushed, restored)     (back-off)
                                                            ▼
              one process: fence the book, replay it, fill Redis under a new generation; others wait for that

What is filled is known by Redis' run_id and replication id, which no restart, failover or restored snapshot keeps.
A flushed Redis has lost the note about that. Every script compares the generation, and a count of holds that never
falls: a Redis whose memory was rolled back under us is noticed by the next call of anyone who knew more.

A hold of an older generation licenses nothing: the book refuses its intent from the fence on. So whatever is durable
when the book is replayed is in Redis, and nothing else is ever sent.
"""

import asyncio
import contextlib
import logging
import os
import random
import re
from collections.abc import Callable
from typing import Any, Protocol

import hiredis

from ..clock import Clock
from ..ledger import EmbeddedLedger
from . import load
from .fit import info_of, judge
from .scripts import Script, key_of, scripts
from .wire import Address, Lost, Wire, packed

log = logging.getLogger("tollhouse.limits.redis")

_FILL_AT_ONCE = 1_000
_BACKOFF_S_MAX = 2.0
_RECONCILE_S_MAX = 900.0
_PUBLISH = """\
local function newer(key) return tonumber(redis.call('HGET', key, 'generation') or 0) < tonumber(ARGV[1]) end
if newer(KEYS[1]) then redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'identity', ARGV[2]) return 1 end
return 0
"""
_ADOPT = """\
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
"""


class Unready(Exception):
    """The book cannot be fenced or read now."""


class Source(Protocol):
    """The book, as reconciliation needs it. What waits on the book raises Unready when that does not work now."""

    async def fence(self) -> int:
        """Raise the book's generation and return it; from then on no hold of an older one can become durable in it."""
        ...

    async def books(self) -> EmbeddedLedger:
        """Return a ledger replayed from the whole book as it is now."""
        ...

    def tenant_of(self, scope: str) -> str | None:
        """Return whose scope this is; None if nobody's any more."""
        ...


class Link:
    """See the module. `opened` is called whenever calls may pass again, `heard` with each message of `channels`."""

    def __init__(
        self,
        address: Address,
        source: Source,
        clock: Clock,
        *,
        opened: Callable[[], None],
        heard: Callable[[str, bytes], None],
        ready_s_max: float = 1.0,
        reply_s_max: float = 2.0,
        lock_s: float = 15.0,
    ) -> None:
        self.name = f"{os.getpid()}.{random.SystemRandom().randrange(1 << 48):012x}"
        self.generation = 0
        self.scripts: dict[str, Script] = scripts()
        self.wire: Wire | None = None
        self.keys: dict[str, bytes] = {}
        self.why = "it was not connected to yet"
        self._address = address
        self._source = source
        self._clock = clock
        self._opened = opened
        self._heard = heard
        self._ready_s_max = ready_s_max
        self._reply_s_max = reply_s_max
        self._lock_ms = round(lock_s * 1_000)
        self._sharers: list[tuple[str, Callable[[bytes], None], Callable[[], None]]] = []
        self._lost = asyncio.Event()
        self._open = asyncio.Event()
        self._suspect = 0
        self._task: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def key(self, tenant: str) -> bytes:
        """Return a tenant's key as it is sent; ValueError if its id has braces."""
        key = self.keys.get(tenant)
        if key is None:
            key = self.keys[tenant] = key_of(tenant)
        return key

    def share(self, channel: str, heard: Callable[[bytes], None], opened: Callable[[], None]) -> None:
        """Let another use this connection, before `start`: it hears a channel, and whenever calls may pass again."""
        self._sharers.append((channel, heard, opened))

    async def start(self) -> None:
        """Begin to connect; return once calls may pass, or after `ready_s_max`: connecting goes on."""
        self._task = asyncio.get_running_loop().create_task(self._keep())
        with contextlib.suppress(Lost):
            await self.ready()

    async def stop(self) -> None:
        """End."""
        for task in (self._task, self._sweeping):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def ready(self) -> Wire:
        """Return the connection, waiting `ready_s_max` for one; Lost says why there is none."""
        if self.wire is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._ready_s_max):
                    await self._open.wait()
        if self.wire is None:
            raise Lost(self.why)
        return self.wire

    def distrust(self, why: str, *, rolled_back: bool = False) -> None:
        """Let nothing pass until Redis was looked at again; `rolled_back`: it knows less than it did."""
        if rolled_back:
            self._suspect = self.generation
        self.why = why
        if self.wire is not None:
            self.wire.close()

    async def enrol(self, tenant: str) -> bool:
        """Let a tenant that Redis has never heard of be one of this generation; False if Redis has lost its note."""
        wire = await self.ready()
        house = _house(await wire.must(packed("HGETALL", "th:house")))
        if house.get("generation") != str(self.generation):
            return False
        await wire.must(packed("EVAL", _ADOPT, 1, f"th:{{{tenant}}}:g", self.generation))
        return True

    async def _keep(self) -> None:
        wait_s = 0.05
        while True:
            try:
                await self._once()
                wait_s = 0.05
            except (Lost, Unready, OSError, hiredis.HiredisError) as error:
                self.why = f"{error}" or type(error).__name__
                log.warning("no call passes the ledger: %s", self.why)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))
            wait_s = min(wait_s * 2, _BACKOFF_S_MAX)

    async def _once(self) -> None:
        """Connect, look, open, and return when the connection is lost."""
        self._lost.clear()
        wire = await Wire.connect(self._address, self._message, self._dropped, reply_s_max=self._reply_s_max)
        try:
            identity = await self._identity(wire)
            for script in self.scripts.values():
                await wire.must(packed("SCRIPT", "LOAD", script.text))
            self.generation = await self._generation(wire, identity)
            channels = (channel for channel, *_ in self._sharers)
            wire.tell(packed("SUBSCRIBE", f"th:wake:{self.name}", "th:marks", "th:news", *channels))
            self.wire = wire
            self._open.set()
            self._opened()
            for _, _, opened in self._sharers:
                opened()
            self.why = "the connection to it was lost"
            await self._lost.wait()
        finally:
            wire.close()

    async def _identity(self, wire: Wire) -> str:
        info = info_of(await wire.must(packed("INFO")))
        judge(info)
        if info.get("role") != "master":
            raise Lost(f"this Redis is a {info.get('role')}, not the master")
        if info.get("maxmemory_policy") != "noeviction":
            raise Lost(
                f"this Redis may evict balances (maxmemory-policy {info.get('maxmemory_policy')}): noeviction only"
            )
        return f"{info['run_id']}:{info['master_replid']}"

    async def _generation(self, wire: Wire, identity: str) -> int:
        """Return the generation that Redis is filled with, filling it if it is not what it was or nobody else does."""
        async with asyncio.timeout(_RECONCILE_S_MAX):
            while True:
                house = _house(await wire.must(packed("HGETALL", "th:house")))
                generation = int(house.get("generation", 0))
                if house.get("identity") == identity and generation > self._suspect:
                    return generation
                if await wire.must(packed("SET", "th:lock", self.name, "NX", "PX", self._lock_ms)) is not None:
                    await self._reconcile(wire, identity)
                else:
                    await asyncio.sleep(0.1)

    async def _reconcile(self, wire: Wire, identity: str) -> None:
        holding = asyncio.get_running_loop().create_task(self._hold_lock(wire))
        try:
            generation = await self._source.fence()
            log.warning("Redis is not the one that was filled: filling generation %d from the book", generation)
            books = await self._source.books()
            sent = []
            for command in load.commands(books, self._source.tenant_of, generation, self._clock.utc_us()):
                sent.append(wire.ask(packed(*command)))
                if len(sent) >= _FILL_AT_ONCE:
                    await _all(sent)
                    sent = []
            await _all(sent)
            tenants = {t for a in books.accounts() if (t := self._source.tenant_of(a.scope)) is not None}
            await _all([wire.ask(packed("EVAL", _ADOPT, 1, f"th:{{{t}}}:g", generation)) for t in tenants])
            await wire.must(packed("EVAL", _PUBLISH, 1, "th:house", generation, identity))
            await wire.must(packed("PUBLISH", "th:news", generation))
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep(wire, generation))
        finally:
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError, Lost, hiredis.ReplyError):
                await holding
            with contextlib.suppress(Lost, hiredis.ReplyError):
                await wire.must(packed("DEL", "th:lock"))

    async def _hold_lock(self, wire: Wire) -> None:
        while True:
            await asyncio.sleep(self._lock_ms / 3_000)
            await wire.must(packed("PEXPIRE", "th:lock", self._lock_ms))

    async def _sweep(self, wire: Wire, generation: int) -> None:
        """Remove what is left of older generations, a little at a time."""
        old = re.compile(rb"th:\{[^}]*\}:(\d+):")
        cursor: Any = b"0"
        try:
            while True:
                cursor, keys = await wire.must(packed("SCAN", cursor, "MATCH", "th:{*", "COUNT", 500))
                stale = [key for key in keys if (found := old.match(key)) and int(found[1]) < generation]
                if stale:
                    await wire.must(packed("UNLINK", *stale))
                if cursor == b"0":
                    return
                await asyncio.sleep(0.01)
        except (Lost, hiredis.ReplyError) as error:
            log.info("what older generations left stays until Redis is filled again: %s", error)

    def _dropped(self) -> None:
        """Let nothing pass any more: the connection is gone."""
        self.wire = None
        self._open.clear()
        self._lost.set()

    def _message(self, push: list[Any]) -> None:
        if push[0] != b"message":
            return
        channel = push[1].decode()
        if channel == "th:news":
            if int(push[2]) > self.generation and self.wire is not None:
                self.distrust("Redis was filled anew")
            return
        sharer = next((heard for name, heard, _ in self._sharers if name == channel), None)
        if sharer is not None:
            sharer(push[2])
        else:
            self._heard(channel, push[2])


async def _all(sent: list["asyncio.Future[Any]"]) -> None:
    for reply in await asyncio.gather(*sent):
        if isinstance(reply, hiredis.ReplyError):
            raise reply


def _house(reply: Any) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in reply.items()}
