"""Rules over a tool's arguments: a small typed language, read once with the configuration; nothing is executed.

    rule  = all ("or" all)*      all = no ("and" no)*      no = "not" no | "(" rule ")" | test
    test  = "has" NAME | ["every" | "any"] value check      value = NAME | "host(" NAME ")" | "length(" NAME ")"
    check = ("==" | "!=" | "<" | "<=" | ">" | ">=") LITERAL | "in" "[" LITERAL, … "]" | "in" NUMBER ".." NUMBER
          | "matches" TEXT (RE2, found anywhere) | "under" TEXT (a path's prefix) | "within" TEXT (a host, or below it)

`NAME` is an argument; `a.b` is member b of a. A test of what is not there is false. One of a value of another type, or
that cannot be read (a URL that two parsers may read differently), cannot be judged: `None`, and whoever asks takes that
as the worse answer. Every rule ends, in time linear in its own length and the arguments'.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .rule_text import Holds, parse
from .rule_text import RuleUnreadable as RuleUnreadable

CHARS_MAX = 1_024


class Rule:
    """One rule, compiled; it is its text."""

    __slots__ = ("_holds", "text")

    def __init__(self, text: str) -> None:
        """Compile; RuleUnreadable says what is wrong, and where."""
        if len(text) > CHARS_MAX:
            raise RuleUnreadable(f"a rule has at most {CHARS_MAX} characters, this has {len(text)}")
        self.text = text
        self._holds: Holds = parse(text)

    def holds(self, arguments: Mapping[str, Any]) -> bool | None:
        """Tell whether it holds; None if that cannot be judged."""
        return self._holds(arguments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Rule({self.text!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from a string; write as that string."""
        return core_schema.no_info_after_validator_function(
            _read,
            core_schema.str_schema(min_length=1, max_length=CHARS_MAX, strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda rule: rule.text),
        )


def _read(text: str) -> Rule:
    try:
        return Rule(text)
    except RuleUnreadable as error:
        raise ValueError(str(error)) from None


def broken(rules: tuple[Rule, ...], arguments: Mapping[str, Any]) -> int | None:
    """Return the place of the first rule that does not hold, or cannot be judged; None if all hold."""
    for at, rule in enumerate(rules):
        if rule.holds(arguments) is not True:
            return at
    return None
