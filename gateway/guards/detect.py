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

    def scan_texts(self, texts: Sequence[str], kinds: Container[str]) -> dict[int, list[Hit]]:
        """Hits of each text that has any, by its index: one pass over all of them, since most hold nothing."""
        if len(texts) == 1:
            hits = self.scan(texts[0], kinds)
            return {0: hits} if hits else {}
        view = normalise(_SEPARATOR.join(texts))
        rules = self._gate.hits(view.buf)
        hits = self._located(view, rules, kinds) if rules else []
        return self._shared_out(hits, texts, kinds) if hits else {}

    def _shared_out(self, hits: list[Hit], texts: Sequence[str], kinds: Container[str]) -> dict[int, list[Hit]]:
        """Hits of the joined texts, in offsets of each; a text whose hit runs on into the next is scanned by itself."""
        found: dict[int, list[Hit]] = {}
        again: set[int] = set()
        index, begin = 0, 0
        end = len(texts[0])
        for start, stop, kind, rule in hits:
            while start >= end + len(_SEPARATOR):
                index, begin = index + 1, end + len(_SEPARATOR)
                end = begin + len(texts[index])
            if stop <= end:
                found.setdefault(index, []).append(Hit(start - begin, stop - begin, kind, rule))
                continue
            last, reach = index, end
            while reach < stop and last < len(texts):
                again.add(last)
                last += 1
                reach += len(_SEPARATOR) + (len(texts[last]) if last < len(texts) else 0)
            again.update((last,) if last < len(texts) else ())
        for index in again:
            found[index] = self.scan(texts[index], kinds)
        return {index: hits for index, hits in found.items() if hits}

    def _located(self, view: View, rules: list[Rule], kinds: Container[str]) -> list[Hit]:
        hits = settled(self._raw(view.buf, rules, kinds))
        if not hits:
            return hits
        if b"\\" in view.buf:
            hits = [_unescaped(view.buf, hit) for hit in hits]
        if view.chars is None and view.origin is None:
            return hits
        places = view.spans([(hit.start, hit.end) for hit in hits])
        return [Hit(start, end, hit.kind, hit.rule) for (start, end), hit in zip(places, hits, strict=True)]

    def _raw(self, buf: bytes, rules: list[Rule], kinds: Container[str]) -> list[Hit]:
        hits: list[Hit] = []
        for rule in rules:
            if rule is ENCODED:
                hits.extend(self._encoded(buf, kinds))
            else:
                hits.extend([hit for hit in rule.find(buf, hits) if hit.kind in kinds])
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


def beside(told: Iterable[Hit], own: Sequence[Hit], text: str) -> list[Hit]:
    """Return what hits of others (`told`) cover of a text beside what `own` hits cover, ascending, without overlaps."""
    left: list[Hit] = []
    for start, end, kind, rule in told:
        begin = start
        for mine in own:
            if mine.start < end and mine.end > begin:
                left.append(Hit(begin, max(begin, mine.start), kind, rule))
                begin = mine.end
        left.append(Hit(begin, max(begin, end), kind, rule))
    return settled([hit for hit in left if text[hit.start : hit.end].strip()])
