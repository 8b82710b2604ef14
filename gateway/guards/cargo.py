"""The texts of one request under a policy: all in one pass, JSON value by value, and the seams between parts.

A value cut in two by the parts of one message is found at the seam; its placeholder stands in the first part. So is one
cut by a user's messages, but only of kinds whose check digits or form leave no doubt: messages stand further apart.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Protocol

from .detect import settled
from .findings import Finding, Hit
from .json_text import is_json, redact_json
from .policy import Direction, Policy
from .redact import Redactor, applied
from .vault import Vault

Path = tuple[str | int, ...]
_SEAM_CHARS = 256
_PART_STEPS = 2
_MESSAGE_STEPS = 2
_ACROSS_MESSAGES = frozenset({"card", "iban", "email"})
_JSON_ROLES = frozenset({"tool", "arguments"})


class Cargo(Protocol):
    """A text, the role it has (tool: an untrusted result; arguments: of a tool call), and where it stands."""

    @property
    def path(self) -> Path:
        """Keys and indexes down to the text."""
        ...

    @property
    def value(self) -> str:
        """The text."""
        ...

    @property
    def role(self) -> str:
        """The role."""
        ...


def redact_cargo(
    redactor: Redactor,
    texts: Sequence[Cargo],
    policy: Policy,
    vault: Vault,
    others: Mapping[int, Policy] = MappingProxyType({}),
    *,
    told: Mapping[int, Sequence[Sequence[Hit]]] = MappingProxyType({}),
) -> tuple[dict[int, str], list[Finding]]:
    """Return the texts that change, by index, and what was found in all of them.

    `others` are the policies of texts, by index, that do not come under `policy` (a tool's results, by its rules).
    `told` are hits of plug-ins by index, one list for each of what they were `asked`.
    """
    changes: dict[int, str] = {}
    findings: list[Finding] = []
    if not texts:
        return changes, findings
    for index, other in others.items():
        own = {0: told[index]} if index in told else {}
        changed, noted = redact_cargo(redactor, [texts[index]], other, vault, told=own)
        changes.update({index: changed[0]} if changed else {})
        findings += noted
    found = _found(redactor, texts, policy)
    if told:
        _add(found, texts, policy, told)
    for index in others:
        found.pop(index, None)
    for index, hits in sorted(found.items()):
        text = texts[index]
        direction: Direction = "tool_result" if text.role == "tool" else "request"
        place = "/" + "/".join(map(str, text.path))
        if _is_looked_into(text):
            its = told.get(index, ())
            replaced, noted = redact_json(redactor, text.value, policy, vault, direction, place=place, told=its)
        else:
            replaced, noted = applied(text.value, hits, policy.actions[direction], vault, direction, place=place)
        findings += noted
        if replaced != text.value:
            changes[index] = replaced
    parts = [index for index, text in enumerate(texts) if text.path[-1] == "text"]
    for one, two in pairwise(parts):
        if two == one + 1 and _neighbours(texts[one].path, texts[two].path):
            findings += _seam(redactor, texts, (one, two), found=found, changes=changes, policy=policy, vault=vault)
    across = _ACROSS_MESSAGES
    for pair in _turns(texts):
        findings += _seam(redactor, texts, pair, found=found, changes=changes, policy=policy, vault=vault, kinds=across)
    return changes, findings


def _add(
    found: dict[int, list[Hit]], texts: Sequence[Cargo], policy: Policy, told: Mapping[int, Sequence[Sequence[Hit]]]
) -> None:
    """Add hits of plug-ins to those of texts that are looked at whole; the others only have to be looked into."""
    for index, (hits, *_) in told.items():
        kinds = policy.actions["tool_result" if texts[index].role == "tool" else "request"]
        if _is_looked_into(texts[index]):
            found.setdefault(index, [])
        else:
            found[index] = settled([*found.get(index, ()), *(hit for hit in hits if hit.kind in kinds)])


def _is_looked_into(text: Cargo) -> bool:
    """Whether a text is JSON of a tool, whose values are looked at one by one."""
    return text.role in _JSON_ROLES and is_json(text.value)


def _found(redactor: Redactor, texts: Sequence[Cargo], policy: Policy) -> dict[int, list[Hit]]:
    """Hits by index; a JSON text that is to be looked into has an entry even where its bare text shows nothing."""
    wanted, results = policy.actions["request"], policy.actions["tool_result"]
    if policy.one_look:
        found = redactor.scan_texts([text.value for text in texts], wanted)
    else:
        found = {}
        for kinds, of_tools in ((wanted, False), (results, True)):
            indexes = [index for index, text in enumerate(texts) if (text.role == "tool") is of_tools]
            if indexes:
                hits = redactor.scan_texts([texts[index].value for index in indexes], kinds)
                found.update({indexes[at]: its for at, its in hits.items()})
    for index, text in enumerate(texts):
        # An escaped character may hide a value from a look at the bare text.
        if text.role in _JSON_ROLES and "\\u" in text.value and index not in found and is_json(text.value):
            found[index] = []
    return found


def _neighbours(one: Path, two: Path) -> bool:
    """Whether two texts are parts of one content list, one right after the other."""
    if len(one) != len(two) or len(one) <= _PART_STEPS:
        return False
    at, then = one[-_PART_STEPS], two[-_PART_STEPS]
    return one[:-_PART_STEPS] == two[:-_PART_STEPS] and type(at) is int and type(then) is int and then == at + 1


def _turns(texts: Sequence[Cargo]) -> Iterator[tuple[int, int]]:
    """Yield the last text of a user's message and the first of the user's next one, where a value could go on."""
    last = -1
    for index, text in enumerate(texts):
        if text.role != "user" or len(text.path) <= _MESSAGE_STEPS:
            continue
        where, here = texts[last].path[:_MESSAGE_STEPS], text.path[:_MESSAGE_STEPS]
        if last >= 0 and where != here and where[0] == here[0]:
            end, begin = texts[last].value[-_SEAM_CHARS:], text.value[:_SEAM_CHARS]
            if _goes_on(end, begin):
                yield last, index
        last = index


def _goes_on(end: str, begin: str) -> bool:
    """Whether digits stand on both sides, or an `@` in the word that they would make together."""
    if end.rstrip()[-1:].isdigit() and begin.lstrip()[:1].isdigit():
        return True
    if not end or not begin or end[-1].isspace() or begin[0].isspace():
        return False
    return "@" in end.rsplit(None, 1)[-1] or "@" in begin.split(None, 1)[0]


def _seam(
    redactor: Redactor,
    texts: Sequence[Cargo],
    pair: tuple[int, int],
    *,
    found: dict[int, list[Hit]],
    changes: dict[int, str],
    policy: Policy,
    vault: Vault,
    kinds: Container[str] | None = None,
) -> list[Finding]:
    """Redact a value that begins in one text and ends in the other; what a text shows alone is not touched."""
    before, index = pair
    first, second = texts[before].value, texts[index].value
    tail, head = first[-_SEAM_CHARS:], second[:_SEAM_CHARS]
    direction: Direction = "tool_result" if texts[index].role == "tool" else "request"
    actions = policy.actions[direction]
    cut = len(tail)
    hits = [hit for hit in redactor.detector.scan(tail + head, actions) if hit.start < cut < hit.end]
    if kinds is not None:
        hits = [hit for hit in hits if hit.kind in kinds]
    if not hits:
        return []
    hit = hits[0]
    begin, end = len(first) - cut + hit.start, hit.end - cut
    if any(other.end > begin for other in found.get(before, ())) or any(
        other.start < end for other in found.get(index, ())
    ):
        return []
    value = (tail + head)[hit.start : hit.end]
    replaced, findings = applied(value, [Hit(0, len(value), hit.kind, hit.rule)], actions, vault, direction)
    if replaced != value:
        # Both still end and begin as they came: no hit of theirs reaches the seam.
        changes[before] = changes.get(before, first)[: begin - len(first)] + replaced
        changes[index] = changes.get(index, second)[end:]
    return findings
