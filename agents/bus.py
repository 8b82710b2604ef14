"""How the members of a swarm hear of each other: a four-method interface, and the embedded one, bounded.

Delivery is at least once, in order within a topic; a message that its reader did not acknowledge within `hold_s` is
given to who asks next. A full topic refuses (`Overloaded`) after a bounded wait: it never grows, and nothing is
dropped unseen.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MESSAGES_MAX = 1_000
TOPICS_MAX = 1_000
WAIT_S = 5.0
HOLD_S = 30.0


class Overloaded(Exception):
    """A topic is full and stayed full; the sender must slow down or give up."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a topic."""

    id: str
    body: Mapping[str, Any]


class Bus(Protocol):
    """What a swarm needs of one."""

    async def publish(self, topic: str, body: Mapping[str, Any]) -> str:
        """Add a message and return its id. Raises Overloaded."""
        ...

    async def receive(self, topic: str, *, wait_s: float) -> Message | None:
        """Return the oldest message that nobody acknowledged or holds, None if none came in time."""
        ...

    async def acknowledge(self, topic: str, message_id: str) -> None:
        """Take a received message off the topic."""
        ...

    async def close(self, topic: str) -> None:
        """Forget a topic and what is in it."""
        ...


@dataclass(slots=True)
class _Topic:
    ready: deque[Message] = field(default_factory=deque)
    held: dict[str, tuple[float, Message]] = field(default_factory=dict)  # until when, in the order they were taken
    number: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __len__(self) -> int:
        return len(self.ready) + len(self.held)

    def take_back(self, now_s: float) -> None:
        """Make ready, before all others, what was held too long."""
        late = [message for until_s, message in self.held.values() if until_s <= now_s]
        for message in reversed(late):
            del self.held[message.id]
            self.ready.appendleft(message)


class MemoryBus:
    """Within one process: `messages_max` a topic, `topics_max` topics; `wait_s` is how long a sender waits for room."""

    def __init__(
        self,
        *,
        messages_max: int = MESSAGES_MAX,
        topics_max: int = TOPICS_MAX,
        wait_s: float = WAIT_S,
        hold_s: float = HOLD_S,
    ) -> None:
        self.messages_max = messages_max
        self.topics_max = topics_max
        self.wait_s = wait_s
        self.hold_s = hold_s
        self._topics: dict[str, _Topic] = {}

    async def publish(self, topic: str, body: Mapping[str, Any]) -> str:
        """Add a message and return its id. Raises Overloaded."""
        there = self._topic(topic)
        async with there.changed:
            try:
                async with asyncio.timeout(self.wait_s):
                    await there.changed.wait_for(lambda: len(there) < self.messages_max)
            except TimeoutError:
                raise Overloaded(f"{len(there)} messages wait in {topic!r}; at most {self.messages_max} may") from None
            there.number += 1
            message = Message(str(there.number), dict(body))
            there.ready.append(message)
            there.changed.notify_all()
            return message.id

    async def receive(self, topic: str, *, wait_s: float) -> Message | None:
        """Return the oldest message that nobody acknowledged or holds, None if none came in time."""
        there = self._topic(topic)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        async with there.changed:
            while True:
                now_s = loop.time()
                there.take_back(now_s)
                if there.ready:
                    message = there.ready.popleft()
                    there.held[message.id] = (now_s + self.hold_s, message)
                    return message
                if now_s >= until_s:
                    return None
                first_s = min((back_s for back_s, _ in there.held.values()), default=until_s)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(min(until_s, first_s)):
                        await there.changed.wait()

    async def acknowledge(self, topic: str, message_id: str) -> None:
        """Take a received message off the topic."""
        there = self._topic(topic)
        async with there.changed:
            there.held.pop(message_id, None)
            there.changed.notify_all()

    async def close(self, topic: str) -> None:
        """Forget a topic and what is in it."""
        self._topics.pop(topic, None)

    def _topic(self, name: str) -> _Topic:
        there = self._topics.get(name)
        if there is None:
            if len(self._topics) >= self.topics_max:
                raise Overloaded(f"{len(self._topics)} topics are open; at most {self.topics_max} may")
            there = self._topics[name] = _Topic()
        return there
