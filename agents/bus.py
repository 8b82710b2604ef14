"""How the members of a swarm hear of each other: a four-method interface, and the embedded one, bounded.

Delivery is at least once, in order within a topic; a reader that does not acknowledge gets the message again after it
asks anew. A full topic refuses (`Overloaded`) after a bounded wait: it never grows, and nothing is dropped unseen.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MESSAGES_MAX = 1_000
TOPICS_MAX = 1_000
WAIT_S = 5.0


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
    held: dict[str, Message] = field(default_factory=dict)
    number: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __len__(self) -> int:
        return len(self.ready) + len(self.held)


class MemoryBus:
    """Within one process: `messages_max` a topic, `topics_max` topics; `wait_s` is how long a sender waits for room."""

    def __init__(
        self, *, messages_max: int = MESSAGES_MAX, topics_max: int = TOPICS_MAX, wait_s: float = WAIT_S
    ) -> None:
        self.messages_max = messages_max
        self.topics_max = topics_max
        self.wait_s = wait_s
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
        async with there.changed:
            try:
                async with asyncio.timeout(wait_s):
                    await there.changed.wait_for(lambda: bool(there.ready))
            except TimeoutError:
                return None
            message = there.ready.popleft()
            there.held[message.id] = message
            return message

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
