"""A bounded memory: the least recently used goes first, by number and by size."""

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Shelf(Generic[Key, Value]):
    """At most `entries_max` values of at most `bytes_max` bytes together; sizes are what `put` was told.

    For one event loop.
    """

    __slots__ = ("_bytes_max", "_entries_max", "_held", "size_bytes")

    def __init__(self, *, entries_max: int, bytes_max: int) -> None:
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._held: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        """Return a value and count it as just used; None if it is not there."""
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value, size_bytes: int = 0) -> None:
        """Keep a value, letting go of others for it; one that is larger than the whole shelf is not kept."""
        self.drop(key)
        if size_bytes > self._bytes_max:
            return
        self._held[key] = (value, size_bytes)
        self.size_bytes += size_bytes
        while len(self._held) > self._entries_max or self.size_bytes > self._bytes_max:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Forget what was not used for the longest time."""
        if self._held:
            _, (_, size) = self._held.popitem(last=False)
            self.size_bytes -= size

    def oldest(self) -> tuple[Key, Value] | None:
        """Return what was not used for the longest time, and leave it there."""
        for key, (value, _) in self._held.items():
            return key, value
        return None

    def drop(self, key: Key) -> None:
        """Forget a value; one that is not there is forgotten already."""
        found = self._held.pop(key, None)
        if found is not None:
            self.size_bytes -= found[1]
