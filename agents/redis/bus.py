"""The bus in Redis streams, one a topic: what members in many processes hear of each other.

A message stays in its stream until it is acknowledged, so the stream's length is what the bound counts; a full topic
refuses, and nothing is trimmed unseen. A message that its reader held for `hold_s` is another reader's.
"""

import asyncio
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from ..bus import HOLD_S, MESSAGES_MAX, WAIT_S, Message, Overloaded
from .place import PREFIX, WAIT_S_MAX

KEPT_S = 86_400
CONNECTIONS_MAX = 256
_AGAIN_S = 0.05
_GROUP = "members"
_PUBLISH = """
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return false end
local id = redis.call('XADD', KEYS[1], '*', 'body', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return id
"""


class RedisBus:
    """A `Bus` at a `redis://` address. Close it with `aclose`, or use it in an `async with`.

    `messages_max` bounds a topic, `wait_s` how long a sender waits for room; a topic that nobody writes to for a day
    is forgotten.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = PREFIX,
        messages_max: int = MESSAGES_MAX,
        wait_s: float = WAIT_S,
        hold_s: float = HOLD_S,
    ) -> None:
        self.messages_max = messages_max
        self.wait_s = wait_s
        self.hold_s = hold_s
        self._prefix = prefix
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            socket_connect_timeout=WAIT_S_MAX,
            socket_timeout=hold_s + WAIT_S_MAX,  # a reader blocks for up to hold_s
        )
        self._publish = self._redis.register_script(_PUBLISH)
        self._reader = secrets.token_hex(8)
        self._joined: set[str] = set()

    async def publish(self, topic: str, body: Mapping[str, Any]) -> str:
        """Add a message and return its id. Raises Overloaded."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self.wait_s
        arguments: list[Any] = [self.messages_max, orjson.dumps(dict(body)), KEPT_S]
        while True:
            found: Any = await self._publish(keys=[self._stream(topic)], args=arguments)
            if found is not None:
                return str(found.decode())
            if loop.time() >= until_s:
                raise Overloaded(f"{self.messages_max} messages wait in {topic!r}, as many as may")
            await asyncio.sleep(_AGAIN_S)

    async def receive(self, topic: str, *, wait_s: float) -> Message | None:
        """Return the oldest message that nobody acknowledged or holds, None if none came in time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        while True:
            await self._join(topic)
            left_s = until_s - loop.time()
            try:
                entries = await self._next(self._stream(topic), left_s)
            except ResponseError as error:
                if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                    raise
                self._joined.discard(topic)  # another closed the topic: it begins anew
                continue
            if entries:
                id_, fields = entries[0]
                return Message(id_.decode(), orjson.loads(fields[b"body"]))
            if left_s <= 0:
                return None

    async def _next(self, stream: str, left_s: float) -> Any:
        """Return one entry that was held too long, else one that nobody had, waiting for it; or none."""
        _, entries, _ = await self._redis.xautoclaim(
            stream, _GROUP, self._reader, round(self.hold_s * 1_000), start_id="0-0", count=1
        )
        if entries:
            return entries
        block = max(0, round(1_000 * min(left_s, self.hold_s)))
        found: Any = await self._redis.xreadgroup(_GROUP, self._reader, {stream: ">"}, count=1, block=block or None)
        return found[0][1] if found else []

    async def acknowledge(self, topic: str, message_id: str) -> None:
        """Take a received message off the topic."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(self._stream(topic), _GROUP, message_id)
            pipeline.xdel(self._stream(topic), message_id)
            await pipeline.execute()

    async def close(self, topic: str) -> None:
        """Forget a topic and what is in it."""
        self._joined.discard(topic)
        await self._redis.delete(self._stream(topic))

    async def aclose(self) -> None:
        """Close the connections; topics stay."""
        await self._redis.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _join(self, topic: str) -> None:
        if topic in self._joined:
            return
        try:
            await self._redis.xgroup_create(self._stream(topic), _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._joined.add(topic)

    def _stream(self, topic: str) -> str:
        return f"{self._prefix}:bus:{topic}"
