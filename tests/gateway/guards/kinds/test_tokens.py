"""At least sixty issuers' token formats, each found in a sentence, a header and a file of settings."""

from __future__ import annotations

import random
import re
import string

import pytest

from gateway.guards import Detector
from gateway.guards.kinds.tokens import TOKENS

DETECTOR = Detector()
SECRET = frozenset({"secret"})
_ATOM = re.compile(r"\\b|\(\?i:([^()]*)\)|(\[(?:\\.|[^\]\\])+\]|\\.|.)(\{\d+(?:,\d*)?\}|\?|\+|\*)?")


def sample(pattern: str, rng: random.Random) -> str:
    """One text that a token's pattern matches, for the small part of the syntax that tokens.py uses."""
    while (group := re.search(r"\((?:\?:)?((?:\\.|[^()\\])*)\)(\?|\{\d+\})?", pattern)) and "(?i:" not in pattern:
        chosen = rng.choice(group.group(1).split("|"))
        times = group.group(2) or "{1}"
        count = 0 if times == "?" else int(times[1:-1])
        pattern = pattern[: group.start()] + chosen * count + pattern[group.end() :]
    made = ""
    for match in _ATOM.finditer(pattern.split("|")[0]):
        atom, times = match.group(2), match.group(3)
        if atom is None:
            continue
        count = 1 if times in {None, "+"} else 0 if times in {"?", "*"} else int(re.split("[,}]", times[1:])[0])
        made += "".join(rng.choice(members(atom)) for _ in range(count))
    return made


def members(atom: str) -> str:
    if atom.startswith("["):
        return "".join(char for char in string.printable[:94] if re.fullmatch(atom, char))
    return {"\\d": string.digits}.get(atom, atom[-1])


def test_sixty_formats_are_documented_with_their_source() -> None:
    assert len(TOKENS) >= 60
    assert all(source for _, _, source in TOKENS)
    assert len({name for name, _, _ in TOKENS}) == len(TOKENS)


@pytest.mark.parametrize(("name", "pattern"), [token[:2] for token in TOKENS if "(?i:" not in token[1]])
def test_a_token_is_found_whole_wherever_it_stands(name: str, pattern: str) -> None:
    rng = random.Random(name)
    for frame in ("use {} for that", "X-Key: {}\n", 'KEY="{}"', "{}"):
        token = sample(pattern, rng)
        text = frame.format(token)
        hits = DETECTOR.scan(text, SECRET)
        assert hits, (name, token)
        wanted = re.search(pattern, text)
        assert wanted is not None
        start, end = wanted.span(1 if wanted.re.groups else 0)
        assert any(hit.start <= start and end <= hit.end for hit in hits), token
