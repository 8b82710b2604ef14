"""What a step is called: a digest of run, place and request, so that only the very same step is found as done."""

import hashlib
from typing import Any

import orjson


def digest(tree: Any) -> str:
    """Return sha256 of canonical JSON."""
    return hashlib.sha256(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)).hexdigest()


def step_key(run: str, at: str, n: int, request: Any) -> str:
    """Return the key of the n-th step at a place of a run."""
    return hashlib.sha256(f"{run}\0{at}\0{n}\0{digest(request)}".encode()).hexdigest()[:40]
