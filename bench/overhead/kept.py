"""The kept figures: one row a gateway, each with the moment and commit it was measured at."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.overhead.measure import Cell, Row

RESULTS = Path(__file__).parents[1] / "results"
_NAME = "overhead.json"


def rows(folder: Path = RESULTS) -> list[Row]:
    """Return the kept rows; none if nothing is kept."""
    path = folder / _NAME
    if not path.exists():
        return []
    found = json.loads(path.read_text())["gateways"]
    return [Row(**{**each, "cells": [Cell(**cell) for cell in each["cells"]]}) for each in found]


def machine(folder: Path = RESULTS) -> dict[str, str]:
    """Return the description of the machine that the kept rows were last added on."""
    described: dict[str, str] = json.loads((folder / _NAME).read_text())["machine"]
    return described


def merged(before: Sequence[Row], row: Row, order: Sequence[str]) -> list[Row]:
    """Put a row into its place; what was kept of the same gateway goes."""
    found = {each.name: each for each in before} | {row.name: row}
    return [found[name] for name in order if name in found]


def keep(described: dict[str, str], found: Sequence[Row], folder: Path = RESULTS) -> None:
    """Write the figures, whole or not at all: a run may be ended at any moment."""
    folder.mkdir(exist_ok=True)
    text = json.dumps({"machine": described, "gateways": [asdict(row) for row in found]}, indent=1)
    passing = folder / f".{_NAME}"
    passing.write_text(text + "\n")
    passing.replace(folder / _NAME)
