"""Applying a policy to a text: what each found value becomes, and the findings that tell of it."""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Mapping, Sequence

from .detect import Detector
from .findings import Finding, Hit
from .policy import Action, Direction, Policy
from .vault import LABELS, PLACEHOLDER, PLACEHOLDER_CHARS_MAX, Vault, VaultFull

_NAMED_BY = ": "


class Redactor:
    """A detector with the actions. Immutable and safe to share; the vault is the caller's."""

    __slots__ = ("detector",)

    def __init__(self, detector: Detector | None = None) -> None:
        self.detector = _all_kinds() if detector is None else detector

    def scan_texts(self, texts: Sequence[str], kinds: Container[str]) -> dict[int, list[Hit]]:
        """Hits of each text that holds any, by its index; for `applied`."""
        return self.detector.scan_texts(texts, kinds)

    def redact(
        self, text: str, policy: Policy, vault: Vault, direction: Direction, place: str = "", *, context: str = ""
    ) -> tuple[str, list[Finding]]:
        """Return the text as it may go on, and its findings. A finding with action `block` means: refuse instead.

        `context` is what names the text elsewhere, such as its key in a tree (`ssn`, `password`); it is never changed.
        A value that the vault cannot keep is masked for good. Placeholders of this vault are left as they are.
        """
        actions = policy.actions[direction]
        hits = self._named(text, actions, context) if context else self.detector.scan(text, actions)
        return applied(text, hits, actions, vault, direction, place=place) if hits else (text, [])

    def _named(self, text: str, kinds: Container[str], context: str) -> list[Hit]:
        """Scan the text as the value of its key, and give offsets in the text alone."""
        lead = len(context) + len(_NAMED_BY)
        hits = self.detector.scan(f"{context}{_NAMED_BY}{text}", kinds)
        return [Hit(max(hit.start - lead, 0), hit.end - lead, hit.kind, hit.rule) for hit in hits if hit.end > lead]


@functools.cache
def _all_kinds() -> Detector:
    """Compiled once, which takes tens of milliseconds; it keeps nothing of what it scans."""
    return Detector()


def applied(
    text: str,
    hits: Iterable[Hit],
    actions: Mapping[str, Action],
    vault: Vault,
    direction: Direction,
    *,
    place: str = "",
) -> tuple[str, list[Finding]]:
    """Return the text with its hits replaced as `actions` say, and the findings."""
    pieces: list[str] = []
    findings: list[Finding] = []
    last = 0
    for start, end, kind, rule in hits:
        value = text[start:end]
        if "_" in value and is_placeholder(value, vault):
            continue
        replaced, action = replacement(kind, value, actions[kind], vault)
        findings.append(Finding(kind, rule, direction, place, start, end, action))
        if replaced is not None:
            pieces += (text[last:start], replaced)
            last = end
    if not pieces:
        return text, findings
    pieces.append(text[last:])
    return "".join(pieces), findings


def replacement(kind: str, value: str, action: Action, vault: Vault) -> tuple[str | None, Action]:
    """Say what stands for a value under an action (None: it stays), and the action that was really taken."""
    if action == "observe":
        return None, action
    if action == "tokenize":
        try:
            return vault.placeholder(kind, value), action
        except VaultFull:
            action = "mask"
    return mask(kind), action


def mask(kind: str) -> str:
    """Return the mark that stands for a value for good; no rule finds it again."""
    return f"[{LABELS[kind]}]"


def is_placeholder(value: str, vault: Vault) -> bool:
    """Whether a found value is, or only wraps, a placeholder that this vault issued."""
    if len(value) > PLACEHOLDER_CHARS_MAX + 8 or "_" not in value:
        return False
    match = PLACEHOLDER.search(value)
    return match is not None and vault.value(match.group()) is not None
