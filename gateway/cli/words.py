"""What commands print: tables and amounts for people, JSON for programs."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from limits.money import nano_to_usd


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a head, in columns as wide as they need to be."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say_json(said: Any) -> None:
    """Print JSON, one value to a line of members."""
    click.echo(json.dumps(said, indent=2, ensure_ascii=False))


def amount(dimension: str, number: int) -> str:
    """Return a number of a dimension in words: dollars for `nano_usd`."""
    return f"${nano_to_usd(number)}" if dimension == "nano_usd" else f"{number:,} {dimension}"


def caps(shown: Sequence[dict[str, Any]]) -> str:
    """Return caps in words, each with what is used of it."""
    said = []
    for cap in shown:
        dimension, window, kind, _ = cap["cap"].split("/")
        used = amount(dimension, cap["settled"] + cap["held"])
        per = "" if dimension == "concurrency" else f" a {window}" if window != "total" else " in all"
        said.append(f"{used} of {amount(dimension, cap['limit'])}{per}{' (soft)' if kind == 'soft' else ''}")
    return "; ".join(said) or "no cap"


def instant(at_us: int | None) -> str:
    """Return an instant (µs since 1970) as people write it, in UTC."""
    if at_us is None:
        return "never"
    return dt.datetime.fromtimestamp(at_us / 1_000_000, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
