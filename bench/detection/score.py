"""Overlap F1 of one detector over the seeded corpus, by tier and kind.

A label is found if a span of its kind overlaps it; a span is wrong if it overlaps no label. Kinds beyond the scored
ones are counted with the nearest scored one.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.detection.corpus import Document
from gateway.guards import Hit

_SAME = {"tax_id": "national_id", "login": "secret", "passport": "national_id", "licence": "national_id"}
_UNSCORED = {"birth_date", "wallet", "mac"}

Scan = Callable[[Sequence[str]], list[list[Hit]]]
"""Texts in, the hits in each of them out."""


@dataclass(slots=True)
class Score:
    """Outcomes (`tp`, `fp`, `fn`) by tier, by kind, and of all; hard negatives and those of them that were touched."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    negatives: int = 0
    touched: int = 0
    document_us: float = 0.0
    missed: list[str] = field(default_factory=list)

    def f1(self, name: str) -> float:
        """Return the F1 of a tier, a kind, or `all`."""
        row = self.outcomes[name]
        return 2 * row["tp"] / max(1, 2 * row["tp"] + row["fp"] + row["fn"])

    def share_touched(self) -> float:
        """Return the share of hard negatives in which anything was found."""
        return self.touched / max(1, self.negatives)


def scored(scan: Scan, documents: Sequence[Document], *, misses: int = 0) -> Score:
    """Have all documents scanned and judge what was found; keep up to `misses` mistakes of each kind of mistake."""
    began = time.perf_counter()
    found = scan([document.text for document in documents])
    score = Score(document_us=(time.perf_counter() - began) / max(1, len(documents)) * 1e6)
    shown: Counter[tuple[str, str]] = Counter()
    for document, hits in zip(documents, found, strict=True):
        spans = [(hit.start, hit.end, _SAME.get(hit.kind, hit.kind), hit.rule) for hit in hits]
        if document.tier == "negative":
            score.negatives += 1
            score.touched += bool(hits)
        else:
            spans = [span for span in spans if span[2] not in _UNSCORED]
        for kind, outcome, what in judged(document, spans):
            for name in (document.tier, kind, "all"):
                score.outcomes[name][outcome] += 1
            if outcome != "tp" and shown[document.tier, outcome] < misses:
                shown[document.tier, outcome] += 1
                score.missed.append(f"{document.tier} {outcome} {kind}: {what}")
    return score


def judged(document: Document, found: list[tuple[int, int, str, str]]) -> list[tuple[str, str, str]]:
    """Kind, outcome and text of every label and every wrong span."""
    rows = []
    used = set()
    for start, end, kind in document.spans:
        hit = [at for at, span in enumerate(found) if span[0] < end and start < span[1] and span[2] == kind]
        used.update(hit)
        there = [span[2:] for span in found if span[0] < end and start < span[1]]
        rows.append((kind, "tp" if hit else "fn", f"{document.text[max(0, start - 40) : end + 10]!r} {there}"))
    for at, (start, end, kind, rule) in enumerate(found):
        if at not in used:
            rows.append((kind, "fp", f"{rule} {document.text[max(0, start - 30) : end + 10]!r}"))
    return rows
