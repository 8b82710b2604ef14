"""One compiled set over every rule's gate: a single linear pass says which rules are worth running.

RE2's `Set` runs all patterns as one automaton, so a text in which nothing could be found costs one call whatever the
number of rules.
"""

from __future__ import annotations

from collections.abc import Iterable

import re2

from .rule import Rule

_MEMORY_BYTES = 64 * 1024 * 1024


class Gate:
    """Rules by what their gates say of a text. Immutable after construction and safe to share."""

    __slots__ = ("_match", "_rules", "_set")

    def __init__(self, rules: Iterable[Rule]) -> None:
        by_gate: dict[str, list[Rule]] = {}
        for rule in rules:
            by_gate.setdefault(rule.gate, []).append(rule)
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES
        self._set = re2.Set.SearchSet(options)
        for gate in by_gate:
            self._set.Add(gate.encode())
        self._set.Compile()
        self._match = self._set._set.Match  # noqa: SLF001 - the engine below the wrapper, as in rule.py
        self._rules = tuple(tuple(rules) for rules in by_gate.values())

    def hits(self, buf: bytes) -> list[Rule]:
        """Return the rules whose gate matches somewhere in `buf`."""
        found = self._match(buf)
        return [rule for index in sorted(found) for rule in self._rules[index]] if found else []
