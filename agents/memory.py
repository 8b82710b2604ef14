"""What agents remember between runs: lessons and facts. A small interface; the embedded one is SQLite.

`KeywordMemory` finds by words (FTS5). `VectorMemory` finds by meaning, with any `embed` function, and when that does
not answer in time the keyword search does: the result then says `degraded="keyword"`. Writes are masked (`mask.py`).
"""

import asyncio
import contextlib
import math
import sqlite3
import struct
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from .mask import mask
from .store import connect

FOUND_MAX = 5
SCANNED_MAX = 10_000
TIMEOUT_S = 1.0
TEXT_CHARS_MAX = 4_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, text TEXT NOT NULL UNIQUE, vector BLOB);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='items', content_rowid='id');
CREATE TRIGGER IF NOT EXISTS items_words AFTER INSERT ON items BEGIN
    INSERT INTO words(rowid, text) VALUES (new.id, new.text);
END;
"""

Embed = Callable[[str], Awaitable[Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, best first; `degraded` names the way that stood in."""

    texts: tuple[str, ...]
    degraded: str = ""


class Memory(Protocol):
    """What patterns need of one."""

    async def add(self, text: str, *, topic: str = "") -> None:
        """Remember a text, masked; one that is known already is not added again."""
        ...

    async def search(self, query: str, *, limit: int = FOUND_MAX) -> Found:
        """Return what fits the query best."""
        ...


class KeywordMemory:
    """A file of texts, found by words. Use it in a `with`, or close it; any number of processes may share the file."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        self._connection = connect(Path(path))
        self._connection.executescript(_SCHEMA)

    async def add(self, text: str, *, topic: str = "") -> None:
        """Remember a text, masked."""
        await asyncio.to_thread(self.insert, text, topic, None)

    async def search(self, query: str, *, limit: int = FOUND_MAX) -> Found:
        """Return the texts that share the most telling words with the query."""
        return Found(await asyncio.to_thread(self.by_words, query, limit))

    def insert(self, text: str, topic: str, vector: Sequence[float] | None) -> None:
        """Write one item, unless its text is there."""
        packed = None if vector is None else struct.pack(f"{len(vector)}f", *vector)
        clean = mask(text)[0][:TEXT_CHARS_MAX]
        with self._lock:
            self._connection.execute(
                "INSERT OR IGNORE INTO items(topic, text, vector) VALUES (?, ?, ?)", (topic, clean, packed)
            )

    def by_words(self, query: str, limit: int) -> tuple[str, ...]:
        """Search by words."""
        terms = " OR ".join(f'"{word}"' for word in dict.fromkeys(_words(query)))
        if not terms:
            return ()
        sql = "SELECT text FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid DESC LIMIT ?"
        with self._lock:
            return tuple(text for (text,) in self._connection.execute(sql, (terms, limit)))

    def vectors(self) -> list[tuple[str, bytes]]:
        """Return the latest texts that have a vector."""
        sql = "SELECT text, vector FROM items WHERE vector IS NOT NULL ORDER BY id DESC LIMIT ?"
        with self._lock:
            return self._connection.execute(sql, (SCANNED_MAX,)).fetchall()

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.ProgrammingError), self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class VectorMemory:
    """Over a `KeywordMemory`: `embed` gives the vectors, and has `timeout_s` to do so."""

    def __init__(self, keywords: KeywordMemory, embed: Embed, *, timeout_s: float = TIMEOUT_S) -> None:
        self._keywords = keywords
        self._embed = embed
        self._timeout_s = timeout_s

    async def add(self, text: str, *, topic: str = "") -> None:
        """Remember a text, masked; without its vector if that does not come in time."""
        await asyncio.to_thread(self._keywords.insert, text, topic, await self._vector(mask(text)[0]))

    async def search(self, query: str, *, limit: int = FOUND_MAX) -> Found:
        """Return the texts nearest in meaning; by words, and labelled, if the vectors do not come."""
        wanted = await self._vector(mask(query)[0])
        if wanted is None:
            return Found((await self._keywords.search(query, limit=limit)).texts, degraded="keyword")
        ranked = await asyncio.to_thread(self._ranked, wanted)
        return Found(tuple(text for _, text in ranked[:limit]))

    def _ranked(self, wanted: Sequence[float]) -> list[tuple[float, str]]:
        scored = [(_cosine(wanted, packed), text) for text, packed in self._keywords.vectors()]
        return sorted(scored, key=lambda pair: -pair[0])

    async def _vector(self, text: str) -> Sequence[float] | None:
        task = asyncio.ensure_future(self._embed(text))
        try:
            await asyncio.wait({task}, timeout=self._timeout_s)
        finally:
            if not task.done():
                task.cancel()
        if not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return task.result()


def _words(text: str) -> list[str]:
    return ["".join(char for char in word if char.isalnum()) for word in text.lower().split() if len(word) > 2][:64]  # noqa: PLR2004


def _cosine(wanted: Sequence[float], packed: bytes) -> float:
    other = struct.unpack(f"{len(packed) // 4}f", packed)
    if len(other) != len(wanted):
        return -1.0
    norm = math.hypot(*wanted) * math.hypot(*other)
    return sum(a * b for a, b in zip(wanted, other, strict=True)) / norm if norm else -1.0
