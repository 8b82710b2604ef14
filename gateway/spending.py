"""Asks who used what: the folded file beside the book, caught up first, in a thread, one question at a time."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from audit.book import Book
from audit.pseudonym import pseudonym
from audit.reader import Reader

from .directory import Directory
from .usage import Usage

_T = TypeVar("_T")
NAME = "usage.sqlite"
_PSEUDONYM = re.compile(r"p_[a-z2-7]{26}")


class Spending:
    """The questions of one house."""

    def __init__(self, folder: Path, book: Book, directory: Directory) -> None:
        self._path = folder / NAME
        self._book = book
        self._directory = directory
        self._one_by_one = asyncio.Lock()

    def user(self, tenant: str, name: str) -> str:
        """Return how the book calls a user of a tenant; a pseudonym is one already."""
        return name if _PSEUDONYM.fullmatch(name) else pseudonym(self._book.secret(tenant), "user", name)

    async def ask(self, question: Callable[[Usage], _T]) -> _T:
        """Return the answer as of now; the first question folds the whole book, later ones what came since."""
        async with self._one_by_one:
            return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Callable[[Usage], _T]) -> _T:
        with Usage(self._path, self._zone) as usage, Reader.open(self._book.place) as reader:
            usage.catch_up(reader)
            return question(usage)

    def _zone(self, tenant_id: str) -> str:
        tenant = self._directory.tenant(tenant_id)
        return "UTC" if tenant is None else tenant.time_zone
