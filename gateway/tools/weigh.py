"""What a schema may cost to check, told from its text: schemas come from clients, and some are made to never end.

Without references a check takes at most as long as the schema is large for each value. With them it multiplies:
`allOf: [A, A]`, `A: allOf: [B, B]` … doubles at each name, and a schema that refers to itself twice below a member
doubles at each level of the arguments. So the walk counts, for each subschema, what it applies to one and the same
value (its weight) and how many of those go on into the value's members (its spread). A schema without recursion has a
bound of its own (its reach); for one with recursion spread ^ depth is the bound, so arguments may not be deeper.
"""

import math
from collections.abc import Iterator
from typing import Any

WEIGHT_MAX = 20_000
CHECKS_MAX = 200_000
DEPTH_MAX = 64
_HERE_ONE = ("not", "if", "then", "else")
_HERE_LIST = ("allOf", "anyOf", "oneOf")
_BELOW_ONE = (
    *("additionalProperties", "items", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"),
)
_BELOW_MAP = ("properties", "patternProperties")
_REFERENCES = ("$ref", "$dynamicRef")


class SchemaRefused(Exception):
    """A schema that is not taken; the sentence says why and quotes nothing of it."""


def depth_allowed(schema: Any) -> int:
    """Return how deep arguments may be for this schema; SchemaRefused if it cannot be bounded."""
    return _Walk(schema).depth_allowed()


class _Walk:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()
        self._anchors: dict[str, Any] = {}
        self._refers = False
        self._spread = 1

    def depth_allowed(self) -> int:
        todo = [self._root]
        schemas = []
        while todo:
            node = todo.pop()
            if type(node) is dict:
                schemas.append(node)
                todo.extend(_below(node))
                todo.extend(_here(node))
                todo.extend(_definitions(node))
        for node in schemas:
            for name in ("$anchor", "$dynamicAnchor"):
                if type(node.get(name)) is str:
                    self._anchors[node[name]] = node
            if "$id" in node and node is not self._root:
                raise SchemaRefused("a part of it has an `$id` of its own")
        for node in schemas:
            self._measure(node)
        if not self._refers or self._spread <= 1 or self._reach(self._root, {}) <= CHECKS_MAX:
            return DEPTH_MAX
        return min(DEPTH_MAX, max(1, int(math.log(CHECKS_MAX) / math.log(self._spread))))

    def _measure(self, node: Any) -> tuple[int, int]:
        """Return the weight and spread of a subschema."""
        if type(node) is not dict:
            return 1, 0
        place = id(node)
        known = self._known.get(place)
        if known is not None:
            return known
        if place in self._open:
            raise SchemaRefused("a part of it refers to itself without going into a member")
        self._open.add(place)
        weight, spread = 1, int(any(True for _ in _below(node)))
        for child in _here(node):
            more, wider = self._measure(child)
            weight, spread = weight + more, spread + wider
        for name in _REFERENCES:
            if name in node:
                self._refers = True
                more, wider = self._measure(self._target(node[name]))
                weight, spread = weight + more, spread + wider
        if weight > WEIGHT_MAX:
            raise SchemaRefused(f"one value may meet more than {WEIGHT_MAX} parts of it")
        self._open.discard(place)
        self._known[place] = weight, spread
        self._spread = max(self._spread, spread)
        return weight, spread

    def _reach(self, node: Any, known: dict[int, int]) -> int:
        """Return how many parts one place of the arguments may meet at most; more than CHECKS_MAX if it recurs."""
        if type(node) is not dict:
            return 1
        place = id(node)
        if place in known:
            return known[place]
        known[place] = CHECKS_MAX + 1  # what is found again before it is known recurs
        reach = 1 + max((self._reach(child, known) for child in _below(node)), default=0)
        reach += sum(self._reach(child, known) for child in _here(node))
        reach += sum(self._reach(self._target(node[name]), known) for name in _REFERENCES if name in node)
        known[place] = reach
        return reach

    def _target(self, reference: Any) -> Any:
        if type(reference) is not str or not reference.startswith("#"):
            raise SchemaRefused("it refers to something outside itself; only `#…` references are taken")
        fragment = reference[1:]
        if not fragment:
            return self._root
        if not fragment.startswith("/"):
            if fragment not in self._anchors:
                raise SchemaRefused("it refers to an anchor that it does not have")
            return self._anchors[fragment]
        node = self._root
        for step in fragment[1:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if type(node) is dict and name in node:
                node = node[name]
            elif type(node) is list and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                raise SchemaRefused("it refers to a part that it does not have")
        return node


def _here(node: dict[str, Any]) -> Iterator[Any]:
    """Yield the subschemas that apply to the same value."""
    for name in _HERE_ONE:
        if name in node:
            yield node[name]
    for name in _HERE_LIST:
        if type(node.get(name)) is list:
            yield from node[name]
    yield from _values(node.get("dependentSchemas"))


def _below(node: dict[str, Any]) -> Iterator[Any]:
    """Yield the subschemas that apply to members of the value."""
    for name in _BELOW_ONE:
        if name in node:
            yield node[name]
    for name in _BELOW_MAP:
        yield from _values(node.get(name))
    if type(node.get("prefixItems")) is list:
        yield from node["prefixItems"]


def _definitions(node: dict[str, Any]) -> Iterator[Any]:
    yield from _values(node.get("$defs"))
    yield from _values(node.get("definitions"))


def _values(node: Any) -> Iterator[Any]:
    if type(node) is dict:
        yield from node.values()
