"""Masks what looks like personal data or a secret before anything is remembered.

The gateway's guards see every call; a memory is written beside it, and lives longer than a run. So writes pass this
scan, which is coarse on purpose: long digit groups, addresses and keys are gone, also where they were harmless.
"""

import re

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[A-Za-z]{2,}")),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")),
    ("secret", re.compile(r"\b(?:sk|pk|ghp|gho|xox[abp]|AKIA|eyJ)[A-Za-z0-9_\-.]{12,}")),
    ("number", re.compile(r"(?<![\w.])\+?\d(?:[ \-()./]?\d){6,}(?!\w)")),
)


def mask(text: str) -> tuple[str, int]:
    """Return the text without what was found, and how many finds there were."""
    found = 0
    for kind, pattern in _RULES:
        text, number = pattern.subn(f"[{kind}]", text)
        found += number
    return text, found
