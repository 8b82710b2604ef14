"""What the scripted upstream charges: the other side's exact account, to hold a gateway's books against.

Integers only: prices are pico-dollars a token, amounts nano-dollars, rounded up once a request.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from .script import Price

ENTRIES_MAX = 100_000
KEY_SHOWN_CHARS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One billed request: `id` is the reply's id; `complete` is False where the client got only a part."""

    id: str
    key: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    nano_dollars: int
    complete: bool


@dataclass(slots=True)
class Row:
    """The sum of one API key and model."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    nano_dollars: int = 0


class Bill:
    """Sums by (key, model), exact for ever, and the latest entries one by one (`ENTRIES_MAX`)."""

    def __init__(self, prices: dict[str, Price], price: Price) -> None:
        self.prices = prices
        self.price = price
        self.rows: dict[tuple[str, str], Row] = {}
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_MAX)

    def charge(
        self,
        id_: str,
        key: str,
        model: str,
        *,
        prompt_tokens: int,
        completion_tokens: int,
        cached_tokens: int = 0,
        complete: bool = True,
    ) -> None:
        """Add one request."""
        price = self.prices.get(model, self.price)
        cached_pico = price.input_pico if price.cached_pico is None else price.cached_pico
        pico = (
            (prompt_tokens - cached_tokens) * price.input_pico
            + cached_tokens * cached_pico
            + completion_tokens * price.output_pico
        )
        nano = -(-pico // 1000)
        row = self.rows.get((key, model))
        if row is None:
            row = self.rows[(key, model)] = Row()
        row.requests += 1
        row.prompt_tokens += prompt_tokens
        row.completion_tokens += completion_tokens
        row.nano_dollars += nano
        self.entries.append(Entry(id_, key, model, prompt_tokens, completion_tokens, nano, complete))

    @property
    def total(self) -> Row:
        """The sum over all keys and models."""
        rows = self.rows.values()
        return Row(
            sum(row.requests for row in rows),
            sum(row.prompt_tokens for row in rows),
            sum(row.completion_tokens for row in rows),
            sum(row.nano_dollars for row in rows),
        )

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.entries.clear()

    def as_tree(self) -> dict[str, Any]:
        """`{"total": {...}, "rows": [{"key": "sk-a…last4", "model": ..., ...}]}` for `GET /bill`."""
        total = self.total
        return {
            "total": _figures(total),
            "rows": [{"key": _masked(key), "model": model, **_figures(row)} for (key, model), row in self.rows.items()],
        }


def _figures(row: Row) -> dict[str, int]:
    return {
        "requests": row.requests,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "nano_dollars": row.nano_dollars,
    }


def _masked(key: str) -> str:
    shown = KEY_SHOWN_CHARS
    return key if len(key) <= 2 * shown else f"{key[:shown]}…{key[-shown:]}"
