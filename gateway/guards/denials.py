"""Topics and patterns that must not be in a text: one compiled RE2 set for each list, so no pattern is ever slow."""

from __future__ import annotations

import re
from collections.abc import Iterable

import re2


class Denials:
    """Names with their patterns (RE2) or words. Immutable and safe to share; ValueError for a bad pattern."""

    __slots__ = ("_match", "_names")

    def __init__(self, denied: Iterable[tuple[str, str | None, tuple[str, ...]]]) -> None:
        names = []
        self._match = None
        patterns = re2.Set.SearchSet()
        for name, pattern, words in denied:
            try:
                patterns.Add((pattern if pattern is not None else _any_of(words)).encode())
            except re2.error as error:
                raise ValueError(f"denied {name!r}: {error}") from None
            names.append(name)
        self._names = tuple(names)
        if names:
            patterns.Compile()
            self._match = patterns._set.Match  # noqa: SLF001 - the engine below the wrapper, as in rule.py

    def found(self, text: str) -> list[str]:
        """Return the names of what is in the text."""
        if self._match is None:
            return []
        return [self._names[index] for index in sorted(self._match(text.encode("utf-8", "replace")))]


def _any_of(words: tuple[str, ...]) -> str:
    r"""Any of the words as words of their own; a blank stands for any run of blanks. `\b` knows ASCII only."""
    said = "|".join(re.escape(word).replace("\\ ", r"\s+").replace(" ", r"\s+") for word in words)
    return rf"(?i)(?:^|[^\pL\pN_])(?:{said})(?:$|[^\pL\pN_])"
