"""Reads a rule's text into a function; `gateway.config.rule` has the language."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from .rule_tests import MISSING, Test, compared, contained, host_of, length_of, matching, ranged, under, within

Holds = Callable[[Mapping[str, Any]], bool | None]
Value = Callable[[Mapping[str, Any]], Any]
DEPTH_MAX = 16
ITEMS_MAX = 256
_TOKEN = re.compile(
    r"""(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?(?![\w]))"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*)|(?P<sign>==|!=|<=|>=|\.\.|[<>()\[\],]))"""
)
_COMPARES = frozenset({"==", "!=", "<", "<=", ">", ">="})
_WORDS = {"true": True, "false": False, "null": None}
_NO_NAMES = frozenset({"and", "or", "not", "in", "matches", "under", "within", *_WORDS})
_END = ("end", "the end", None)


class RuleUnreadable(Exception):
    """A rule that is none; the sentence says what was expected, and where."""


def parse(text: str) -> Holds:
    """Return the rule as a function; RuleUnreadable."""
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._token = self._next()

    def _next(self) -> tuple[str, str, Any]:
        left = self._text[self._at :].lstrip()
        self._at = self._begin = len(self._text) - len(left)
        if not left:
            return _END
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._wrong("a name, a number, a text in quotes or a sign")
        self._at = match.end()
        kind = str(match.lastgroup)
        said = match[kind]
        if kind == "text":
            # A backslash hides its quote only: expressions are written as they are.
            return kind, said, said[1:-1].replace(f"\\{said[0]}", said[0])
        if kind == "number":
            return kind, said, float(said) if "." in said else int(said)
        return kind, said, said

    def _wrong(self, expected: str) -> RuleUnreadable:
        found = self._text[self._begin :].strip()[:24] or "nothing"
        return RuleUnreadable(f"at character {self._begin + 1}: expected {expected}, found {found!r}")

    def _take(self) -> tuple[str, str, Any]:
        taken, self._token = self._token, self._next()
        return taken

    def _is(self, said: str) -> bool:
        if self._token[0] in ("name", "sign") and self._token[1] == said:
            self._take()
            return True
        return False

    def _need(self, said: str) -> None:
        if not self._is(said):
            raise self._wrong(repr(said))

    def whole(self) -> Holds:
        rule = self._either()
        if self._token is not _END:
            raise self._wrong("`and`, `or` or the end")
        return rule

    def _either(self) -> Holds:
        parts = [self._all()]
        while self._is("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda said: _some([part(said) for part in parts])

    def _all(self) -> Holds:
        parts = [self._no()]
        while self._is("and"):
            parts.append(self._no())
        return parts[0] if len(parts) == 1 else lambda said: _every([part(said) for part in parts])

    def _no(self) -> Holds:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise RuleUnreadable(f"at most {DEPTH_MAX} levels of `not` and brackets are taken")
        try:
            if self._is("not"):
                inner = self._no()
                return lambda said: _opposite(inner(said))
            if self._is("("):
                rule = self._either()
                self._need(")")
                return rule
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Holds:
        word = self._name("the name of an argument, or `has`, `every`, `any`, `host(…)`, `length(…)`")
        if word in ("has", "every", "any") and self._token[0] == "name" and self._token[1] not in _NO_NAMES:
            if word == "has":
                place = _place(self._name("the name of an argument"))
                return lambda said: place(said) is not MISSING
            value = self._value(self._name("the name of an argument"))
            test = self._check()
            gather = _every if word == "every" else _some
            return lambda said: _of_each(value(said), test, gather)
        value = self._value(word)
        test = self._check()

        def holds(said: Mapping[str, Any]) -> bool | None:
            found = value(said)
            return False if found is MISSING else test(found)

        return holds

    def _name(self, expected: str) -> str:
        if self._token[0] != "name" or self._token[1] in _NO_NAMES:
            raise self._wrong(expected)
        return self._take()[1]

    def _value(self, word: str) -> Value:
        if word not in ("host", "length") or not self._is("("):
            return _place(word)
        place = _place(self._name("the name of an argument"))
        self._need(")")
        of = host_of if word == "host" else length_of
        return lambda said: MISSING if (found := place(said)) is MISSING else of(found)

    def _check(self) -> Test:
        sign = self._token[1]
        if sign in _COMPARES and self._token[0] == "sign":
            self._take()
            literal = self._literal()
            if sign not in ("==", "!=") and (isinstance(literal, bool) or not isinstance(literal, int | float)):
                raise RuleUnreadable(f"{sign} compares numbers, not {literal!r}")
            return compared(sign, literal)
        if self._is("in"):
            return contained(self._list()) if self._is("[") else self._range()
        for word, made in (("matches", matching), ("under", under), ("within", within)):
            if self._is(word):
                if self._token[0] != "text":
                    raise self._wrong("a text in quotes")
                try:
                    return made(self._take()[2])
                except ValueError as error:
                    raise RuleUnreadable(f"{word}: {error}") from None
        raise self._wrong("a comparison, `in`, `matches`, `under` or `within`")

    def _literal(self) -> Any:
        if self._token[0] in ("text", "number"):
            return self._take()[2]
        if self._token[0] == "name" and self._token[1] in _WORDS:
            return _WORDS[self._take()[1]]
        raise self._wrong("a number, a text in quotes, true, false or null")

    def _list(self) -> list[Any]:
        items = [self._literal()]
        while self._is(","):
            items.append(self._literal())
        self._need("]")
        if len(items) > ITEMS_MAX or len({isinstance(item, str) for item in items}) > 1:
            raise RuleUnreadable(f"a list has at most {ITEMS_MAX} members, all texts or none")
        return items

    def _range(self) -> Test:
        low = self._number()
        self._need("..")
        high = self._number()
        if low > high:
            raise RuleUnreadable(f"the range {low} .. {high} is empty")
        return ranged(low, high)

    def _number(self) -> float:
        if self._token[0] != "number":
            raise self._wrong("a number")
        number: float = self._take()[2]
        return number


def _place(name: str) -> Value:
    steps = name.split(".")

    def found(said: Mapping[str, Any]) -> Any:
        value: Any = said
        for step in steps:
            value = value.get(step, MISSING) if isinstance(value, Mapping) else MISSING
        return value

    return found


def _every(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _some(parts: list[bool | None]) -> bool | None:
    return True if True in parts else None if None in parts else False


def _opposite(part: bool | None) -> bool | None:  # noqa: FBT001 - a truth value is what it takes
    return None if part is None else not part


def _of_each(value: Any, test: Test, gather: Callable[[list[bool | None]], bool | None]) -> bool | None:
    if value is MISSING:
        return False
    return gather([test(each) for each in value]) if isinstance(value, list) else None
