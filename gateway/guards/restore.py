"""Putting values back where this run's vault issued their placeholders, and nowhere they could be carried off from."""

from __future__ import annotations

import re

from .surroundings import Surroundings
from .vault import LABELS, SUFFIX_CHARS, Vault

# As models write them back: markdown escapes the underscore, some lower the case.
WRITTEN = re.compile(
    rf"(?i)(?<![A-Za-z0-9])({'|'.join(LABELS.values())})\\{{0,2}}_([B-DF-HJ-NP-T]{{{SUFFIX_CHARS}}})(?![A-Za-z0-9])"
)
NO_HOSTS: frozenset[str] = frozenset()


def restore(text: str, vault: Vault, hosts: frozenset[str] = NO_HOSTS, before: Surroundings | None = None) -> str:
    """Return the text with every placeholder of this vault restored, but those in a place that could carry them off.

    `hosts` (lower case) are the allowed ones. `before` is what stood before the text, and is moved on over it.
    """
    if "_" not in text or not len(vault):
        if before is not None:
            before.advance(text)
        return text
    around = Surroundings() if before is None else before
    pieces: list[str] = []
    last = 0
    for match in WRITTEN.finditer(text):
        value = vault.value(f"{match.group(1)}_{match.group(2)}".upper())
        around.advance(text[last : match.start()])
        pieces.append(text[last : match.start()])
        pieces.append(match.group() if value is None or around.forbids(hosts) else value)
        around.placed(match.group())
        last = match.end()
    around.advance(text[last:])
    pieces.append(text[last:])
    return "".join(pieces)


def restore_everywhere(text: str, vault: Vault) -> str:
    """Restore all placeholders of this vault, for the gateway's own checks only: never let it go on."""
    if "_" not in text:
        return text

    def put(match: re.Match[str]) -> str:
        value = vault.value(f"{match.group(1)}_{match.group(2)}".upper())
        return match.group() if value is None else value

    return WRITTEN.sub(put, text)
