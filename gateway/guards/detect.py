"""All rules over one text: which spans hold what, after overlaps are settled."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from .decode import ENCODED, encoded_runs
from .findings import Hit
from .gate import Gate
from .kinds import RULES
from .normalise import View, normalise
from .rule import Rule

_SEPARATOR = "\n\x00\n"
_RANK = {kind: rank for rank, kind in enumerate(("login", "secret", "iban", "card", "wallet", "email", "ssn"))}


class Detector:
    """Finds every kind in texts. Built once; immutable and safe to share."""

    __slots__ = ("_gate",)

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        self._gate = Gate((*rules, ENCODED))

    def scan(self, text: str, kinds: Container[str]) -> list[Hit]:
        """Hits of the named kinds in `text`, ascending and without overlaps, in character offsets."""
        view = normalise(text)
        rules = self._gate.hits(view.buf)
        return self._located(view, rules, kinds) if rules else []

    def scan_many(self, texts: Sequence[str]) -> list[int]:
        """Indexes of the texts worth a scan. One pass over all of them when nothing hits, as is ordinary."""
        if not self._gate.hits(normalise(_SEPARATOR.join(texts)).buf):
            return []
        if len(texts) == 1:
            return [0]
        return [index for index, text in enumerate(texts) if self._gate.hits(normalise(text).buf)]

    def _located(self, view: View, rules: list[Rule], kinds: Container[str]) -> list[Hit]:
        hits = settled(self._raw(view.buf, rules, kinds))
        if not hits:
            return hits
        if b"\\" in view.buf:
            hits = [_unescaped(view.buf, hit) for hit in hits]
        places = view.spans([(hit.start, hit.end) for hit in hits])
        return [Hit(start, end, hit.kind, hit.rule) for (start, end), hit in zip(places, hits, strict=True)]

    def _raw(self, buf: bytes, rules: list[Rule], kinds: Container[str]) -> list[Hit]:
        hits: list[Hit] = []
        for rule in rules:
            if rule is ENCODED:
                hits.extend(self._encoded(buf, kinds))
            else:
                hits.extend(hit for hit in rule.find(buf) if hit.kind in kinds)
        return hits

    def _encoded(self, buf: bytes, kinds: Container[str]) -> Iterable[Hit]:
        """Values one base64 level down: the whole run is the span, since part of it cannot be cut out."""
        for start, end, decoded in encoded_runs(buf):
            rules = [rule for rule in self._gate.hits(decoded) if rule is not ENCODED]
            inner = self._raw(decoded, rules, kinds)
            if inner:
                yield Hit(start, end, inner[0].kind, f"base64.{inner[0].rule}")


def _unescaped(buf: bytes, hit: Hit) -> Hit:
    """Leave the letter of a JSON escape to its backslash, so that replacing breaks no string."""
    before = buf[max(0, hit.start - 2) : hit.start]
    if before.endswith(b"\\") and before != b"\\\\" and buf[hit.start] in b"nrtbf" and hit.end - hit.start > 1:
        return Hit(hit.start + 1, hit.end, hit.kind, hit.rule)
    return hit


def settled(hits: list[Hit]) -> list[Hit]:
    """Ascending hits without overlaps: the more certain kind wins, then the longer span."""
    if len(hits) < 2:  # noqa: PLR2004 - one hit overlaps nothing
        return hits
    hits.sort(key=lambda hit: (hit.start, -hit.end))
    kept = [hits[0]]
    for hit in hits[1:]:
        last = kept[-1]
        if hit.start >= last.end:
            kept.append(hit)
        elif _better(hit, last):
            kept[-1] = Hit(min(last.start, hit.start), max(last.end, hit.end), hit.kind, hit.rule)
        elif hit.end > last.end:
            kept[-1] = Hit(last.start, hit.end, last.kind, last.rule)
    return kept


def _better(hit: Hit, last: Hit) -> bool:
    worst = len(_RANK)
    mine, its = _RANK.get(hit.kind, worst), _RANK.get(last.kind, worst)
    return mine < its or (mine == its and hit.end - hit.start > last.end - last.start)
