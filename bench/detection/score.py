# ruff: noqa: E501 - tables of samples
"""Overlap F1 of detectors over the seeded corpus: `python -m bench.detection.score [--seed N] [--count N] [--misses N]`.

A label is found if a span of its kind overlaps it; a span is wrong if it overlaps no label. Kinds beyond the scored ones
are counted with the nearest scored one. `--other gateway.guards.presidio:detector` scores a plug-in in our stead: run it
with the interpreter of its own environment, and PYTHONPATH at the root.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable

from bench.detection.corpus import Document, documents
from gateway.guards import Detector, Hit
from gateway.guards.policy import KINDS

_SAME = {"tax_id": "national_id", "login": "secret", "passport": "national_id", "licence": "national_id"}
_UNSCORED = {"birth_date", "wallet", "mac"}


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=4_000)
    options.add_argument("--misses", type=int, default=0)
    options.add_argument("--other", help="package.module:factory of a plug-in to score in our stead")
    chosen = options.parse_args()
    scan = _other(chosen.other) if chosen.other else _ours()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    shown: Counter[tuple[str, str]] = Counter()
    touched = negatives = 0
    spent = 0.0
    for document in documents(chosen.seed, chosen.count):
        began = time.perf_counter()
        hits = scan(document.text)
        spent += time.perf_counter() - began
        found = [
            (hit.start, hit.end, _SAME.get(hit.kind, hit.kind), hit.rule) for hit in hits if hit.kind not in _UNSCORED
        ]
        if document.tier == "negative":
            negatives += 1
            touched += bool(hits)
            found = [(hit.start, hit.end, hit.kind, hit.rule) for hit in hits]
        for kind, outcome, what in judged(document, found):
            table[document.tier][outcome] += 1
            table["all"][outcome] += 1
            table[f"  {kind}"][outcome] += 1
            if outcome != "tp" and shown[document.tier, outcome] < chosen.misses:
                shown[document.tier, outcome] += 1
                print(f"{document.tier} {outcome} {kind}: {what}")
    for name, row in table.items():
        tp, fp, fn = row["tp"], row["fp"], row["fn"]
        print(f"{name:14} tp {tp:5} fp {fp:5} fn {fn:5}  F1 {2 * tp / max(1, 2 * tp + fp + fn):.3f}")
    print(
        f"negatives touched {touched}/{negatives} = {touched / max(1, negatives):.1%}; {spent / chosen.count * 1e6:.1f} us a document"
    )


def _ours() -> Callable[[str], list[Hit]]:
    detector, kinds = Detector(), frozenset(KINDS)
    return lambda text: detector.scan(text, kinds)


def _other(name: str) -> Callable[[str], list[Hit]]:
    module, _, factory = name.partition(":")
    detect = getattr(importlib.import_module(module), factory)()
    return lambda text: [Hit(*span) for span in detect(text, 60.0)]


def judged(document: Document, found: list[tuple[int, int, str, str]]) -> list[tuple[str, str, str]]:
    """Kind, outcome and text of every label and every wrong span."""
    rows = []
    used = set()
    for start, end, kind in document.spans:
        hit = [at for at, span in enumerate(found) if span[0] < end and start < span[1] and span[2] == kind]
        used.update(hit)
        rows.append(
            (
                kind,
                "tp" if hit else "fn",
                f"{document.text[max(0, start - 40) : end + 10]!r} {[f[2:] for f in found if f[0] < end and start < f[1]]}",
            )
        )
    for at, (start, end, kind, rule) in enumerate(found):
        if at not in used:
            rows.append((kind, "fp", f"{rule} {document.text[max(0, start - 30) : end + 10]!r}"))
    return rows


if __name__ == "__main__":
    main()
