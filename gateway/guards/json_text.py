"""JSON that travels as a text: its literals in order, and a policy applied to them.

The text itself is rewritten, literal by literal, so numbers, order, blanks and structure stay byte for byte and what
was valid stays valid. A key tells what its value is. Only a number that is itself a found value becomes a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from .findings import Finding, Hit
from .policy import Direction, Policy
from .redact import Redactor, applied
from .vault import Vault

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],]|-?\d[\d.eE+\-]*+', re.DOTALL)
_COLON = re.compile(r"\s*:")
_JOINERS = re.compile(r"[\s_\-.]+")
_NAMED_BY = ": "
_DIGITS_MIN = 7
_CONTEXT_CHARS_MAX = 64


class Literal(NamedTuple):
    """A string or number of a JSON text; `keys` are the plain names of all above it, `name` the nearest as written."""

    start: int
    end: int
    is_key: bool
    keys: list[str]
    name: str


def plain(name: str) -> str:
    """Return a key as it is compared: lower case, without joiners."""
    return _JOINERS.sub("", name).lower()


def literals(json_text: str) -> Iterator[Literal]:
    """Every string, key and number of a valid JSON text, in order."""
    above: list[tuple[str, str]] = []
    key = name = ""
    for match in _TOKEN.finditer(json_text):
        start, end = match.span()
        first = json_text[start]
        if first in "{[":
            above.append((key, name))
            key, name = (key, name) if first == "[" else ("", "")
        elif first in "}]":
            key, name = above.pop()
        elif first == '"' and _COLON.match(json_text, end):
            yield Literal(start, end, is_key=True, keys=[], name="")
            name = json.loads(json_text[start:end])
            key = plain(name)
        elif first != ",":
            yield Literal(start, end, is_key=False, keys=[*(one for one, _ in above), key], name=name)


def is_json(text: str) -> bool:
    """Whether the text is a JSON object or array."""
    if text[:1] not in {"{", "["} and text.lstrip()[:1] not in {"{", "["}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def redact_json(
    redactor: Redactor, text: str, policy: Policy, vault: Vault, direction: Direction, *, place: str = ""
) -> tuple[str, list[Finding]]:
    """Return a valid JSON text as it may go on, and its findings, whose offsets are those in their own string."""
    actions = policy.actions[direction]
    found: list[Literal] = []
    values: list[str] = []
    leads: list[int] = []
    for literal in literals(text):
        raw = text[literal.start : literal.end]
        if raw[0] == '"':
            value = json.loads(raw)
        elif len(raw) >= _DIGITS_MIN and raw.isdigit():
            value = raw
        else:
            continue
        lead = literal.name[-_CONTEXT_CHARS_MAX:] + _NAMED_BY if literal.name and not literal.is_key else ""
        found.append(literal)
        values.append(lead + value)
        leads.append(len(lead))
    pieces: list[str] = []
    findings: list[Finding] = []
    last = 0
    for index, hits in sorted(redactor.scan_texts(values, actions).items()) if values else ():
        size, literal = leads[index], found[index]
        own = [Hit(max(hit.start - size, 0), hit.end - size, hit.kind, hit.rule) for hit in hits if hit.end > size]
        value = values[index][size:]
        replaced, told = applied(value, own, actions, vault, direction, place=place)
        findings += told
        if replaced != value:
            pieces += (text[last : literal.start], json.dumps(replaced, ensure_ascii=False))
            last = literal.end
    pieces.append(text[last:])
    return "".join(pieces), findings


def redacted(
    redactor: Redactor, text: str, policy: Policy, vault: Vault, direction: Direction
) -> tuple[str, list[Finding]]:
    """Return a text as it may go on, JSON value by value, and its findings."""
    if is_json(text):
        return redact_json(redactor, text, policy, vault, direction)
    return redactor.redact(text, policy, vault, direction)
