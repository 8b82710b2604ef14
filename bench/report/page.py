"""The measured parts of docs/benchmarks.md, from the kept results alone."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.growth import shown as growth
from bench.overhead import goals, kept, report
from bench.profile import budget
from bench.soak import shown as soak

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
CHARTS = kept.RESULTS
_PLACE = "<!-- {0}: made by python -m bench.report -->\n{1}<!-- end of {0} -->"


def filled(page: str) -> str:
    """Return the page with its places filled anew. Raises ValueError if one is missing."""
    for name, made in _PARTS.items():
        pattern = re.compile(re.escape(_PLACE.format(name, "\0")).replace("\0", "(.*?)"), flags=re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"the page has no place for {name}")
        before, _, after = pattern.split(page, maxsplit=1)
        page = before + _PLACE.format(name, f"\n{made()}\n\n") + after
    return page


def charts() -> dict[str, str]:
    """Return name → SVG of all that is kept."""
    found = report.charts(kept.rows()) if kept.rows() else {}
    for name, shown in (("growth", growth.charts), ("soak", soak.charts)):
        if (results := _kept(name)) is not None:
            found |= shown(results)
    return found


def _kept(name: str) -> dict[str, Any] | None:
    path = CHARTS / f"{name}.json"
    if not path.exists():
        return None
    results: dict[str, Any] = json.loads(path.read_text())
    return results


def _overhead() -> str:
    rows = kept.rows()
    if not rows:
        return "Nothing is kept yet: `make bench`."
    machine = kept.machine()
    described = ", ".join(f"{name} {machine[name]}" for name in ("processor", "cores", "memory", "system", "python"))
    parts = [
        f"{described}; fsync of a page {machine.get('fsync of a page', 'not measured')}.",
        f"Made by `{machine['command']}`.",
        goals.table(rows, machine),
        report.tables(rows),
        _pictures(report.charts(rows)),
        report.NOTES,
    ]
    return "\n\n".join(parts)


def _of(name: str, command: str, told: Callable[[dict[str, Any]], str], drawn: Callable[[dict[str, Any]], Any]) -> str:
    results = _kept(name)
    if results is None:
        return f"Nothing is kept yet: `{command}`."
    return f"{told(results)}\n\n{_pictures(drawn(results))}".rstrip()


def _pictures(drawn: dict[str, str]) -> str:
    return "\n".join(f"![{name.removesuffix('.svg')}](../bench/results/{name})" for name in drawn)


_PARTS: dict[str, Callable[[], str]] = {
    "overhead": _overhead,
    "profile": lambda: _of("profile", "make profile", budget.shown, lambda _: {}),
    "growth": lambda: _of("growth", "python -m bench.growth", growth.table, growth.charts),
    "soak": lambda: _of("soak", "python -m bench.soak --minutes 30", soak.words, soak.charts),
}
