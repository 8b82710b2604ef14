"""JSON that travels as a text: its literals in order, and a policy applied to them.

The text itself is rewritten, literal by literal, so numbers, order, blanks and structure stay byte for byte and what
was valid stays valid. A key tells what its value is. Only a number that is itself a found value becomes a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .detect import beside, settled
from .findings import Finding, Hit
from .policy import Action, Direction, Policy
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


_ALL = Literal(0, 0, is_key=False, keys=[], name="")


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


class Value(NamedTuple):
    """A value of a JSON text that is looked into, and what names it there, to be read before it."""

    literal: Literal
    lead: str
    value: str


def values(text: str) -> list[Value]:
    """Return the keys, strings and long numbers of a valid JSON text, in order."""
    found: list[Value] = []
    for literal in literals(text):
        raw = text[literal.start : literal.end]
        if raw[0] == '"':
            value = json.loads(raw)
        elif len(raw) >= _DIGITS_MIN and raw.isdigit():
            value = raw
        else:
            continue
        lead = literal.name[-_CONTEXT_CHARS_MAX:] + _NAMED_BY if literal.name and not literal.is_key else ""
        found.append(Value(literal, lead, value))
    return found


def redact_json(
    redactor: Redactor,
    text: str,
    policy: Policy,
    vault: Vault,
    direction: Direction,
    *,
    place: str = "",
    told: Sequence[Sequence[Hit]] = (),
) -> tuple[str, list[Finding]]:
    """Return a valid JSON text as it may go on, and its findings, whose offsets are those in their own string.

    `told` are hits of plug-ins in each of its `values`.
    """
    actions = policy.actions[direction]
    found = values(text)
    scanned = redactor.scan_texts([each.lead + each.value for each in found], actions) if found else {}
    own = {index: _without_lead(hits, len(found[index].lead)) for index, hits in scanned.items()}
    for index, hits in enumerate(told):
        if wanted := [hit for hit in hits if hit.kind in actions]:
            own[index] = settled([*own.get(index, ()), *wanted])
    return _rewritten(text, own, actions, vault, direction, found=found, place=place)


def overlay(
    redactor: Redactor,
    text: str,
    policy: Policy,
    vault: Vault,
    direction: Direction,
    *,
    told: Sequence[Sequence[Hit]],
) -> tuple[str, list[Finding]]:
    """Apply hits of plug-ins alone, in a text or in each of its `values`: what rules of ours find is left to them."""
    actions = policy.actions[direction]
    looked_into = is_json(text) and direction != "reply"
    found = values(text) if looked_into else [Value(_ALL, "", text)]
    beyond: dict[int, list[Hit]] = {}
    for index, hits in enumerate(told):
        wanted = [hit for hit in hits if hit.kind in actions]
        if wanted:
            value = found[index].value
            beyond[index] = beside(wanted, redactor.detector.scan(value, actions), value)
    if looked_into:
        return _rewritten(text, beyond, actions, vault, direction, found=found)
    return applied(text, beyond.get(0, ()), actions, vault, direction)


def asked(text: str, direction: Direction) -> list[str]:
    """Return what plug-ins are asked about a text: itself, or the values of JSON, which must stay valid."""
    return [each.value for each in values(text)] if direction != "reply" and is_json(text) else [text]


def _rewritten(
    text: str,
    hits_of: Mapping[int, Sequence[Hit]],
    actions: Mapping[str, Action],
    vault: Vault,
    direction: Direction,
    *,
    found: Sequence[Value],
    place: str = "",
) -> tuple[str, list[Finding]]:
    pieces: list[str] = []
    findings: list[Finding] = []
    last = 0
    for index, hits in sorted(hits_of.items()):
        literal, _, value = found[index]
        replaced, noted = applied(value, hits, actions, vault, direction, place=place)
        findings += noted
        if replaced != value:
            pieces += (text[last : literal.start], json.dumps(replaced, ensure_ascii=False))
            last = literal.end
    pieces.append(text[last:])
    return "".join(pieces), findings


def _without_lead(hits: Sequence[Hit], size: int) -> list[Hit]:
    return [Hit(max(hit.start - size, 0), hit.end - size, hit.kind, hit.rule) for hit in hits if hit.end > size]


def redacted(
    redactor: Redactor, text: str, policy: Policy, vault: Vault, direction: Direction
) -> tuple[str, list[Finding]]:
    """Return a text as it may go on, JSON value by value, and its findings."""
    if is_json(text):
        return redact_json(redactor, text, policy, vault, direction)
    return redactor.redact(text, policy, vault, direction)
