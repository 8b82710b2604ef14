"""Holds a run's log against the gateway's book, and finds the first place where they differ.

The book is what `tollhouse audit export --run ID` writes (JSON lines), or any iterable of records. Compared, call by
call in the order of the log: that the book has it, in this run, its phase, how it ended, its tokens, its tool calls.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .event import Event
from .log import Log
from .reply import REFUSAL

_PROPOSED = frozenset({"authorised", "refused", "withheld"})


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first difference: at which event of the log, in what, and both sides."""

    seq: int
    what: str
    log: Any
    book: Any


def replay(book: Path | str | Iterable[Mapping[str, Any]], run_id: str, *, log: Log | Path | str) -> Divergence | None:
    """Return the first divergence of a run's log from the book, None if there is none. Raises KeyError, OSError."""
    records = read(Path(book)) if isinstance(book, Path | str) else book
    calls: dict[str, Mapping[str, Any]] = {}
    for record in records:
        if record.get("run") == run_id and record.get("kind") in ("outcome", "refusal"):
            calls[str(record["call"])] = record
    if isinstance(log, Log):
        events = log.events(run_id)
    else:
        with Log(log) as opened:
            events = opened.events(run_id)
    if not events:
        raise KeyError(f"no run {run_id} in the log")
    return next(_differences(events, calls), None)


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the records of an export."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            tree = json.loads(line)
            record = tree.get("record", tree)
            yield json.loads(record) if isinstance(record, str) else record


def _differences(events: Iterable[Event], calls: dict[str, Mapping[str, Any]]) -> Iterator[Divergence]:
    phase, last = "", 0
    replayed = {decision.get("call") for record in calls.values() for decision in record.get("decisions", ())}
    for event in events:
        last = event.seq
        if event.kind == "asked":
            phase = event.body["phase"]
        if event.kind != "answered":
            continue
        record = calls.pop(event.body["call"], None)
        if record is None:
            yield Divergence(event.seq, "call", event.body["call"], "not in the book")
            continue
        for what, mine, theirs in _pairs(event, phase, record):
            if mine != theirs:
                yield Divergence(event.seq, what, mine, theirs)
    for call, record in calls.items():
        answered = record.get("status", {}).get("http") == 200 and call not in replayed  # noqa: PLR2004
        if answered:
            yield Divergence(last, "call", "not in the log", call)


def _pairs(event: Event, phase: str, record: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    body = event.body
    message = body["message"]
    yield "phase", phase, record.get("phase", "")
    yield "finish", body["finish"], record["status"].get("finish")
    billed = record.get("billed", ())
    if len(billed) == 1 and billed[0].get("mark") == "billed":
        yield "input_tokens", body["input_tokens"], billed[0]["input_tokens"]
        yield "output_tokens", body["output_tokens"], billed[0]["output_tokens"]
    if REFUSAL not in (message.get("content") or ""):
        mine = [(call["id"][:64], call["function"]["name"][:64]) for call in message.get("tool_calls") or ()]
        proposed = [tool for tool in record.get("tools", ()) if tool["decision"] in _PROPOSED]
        yield "tools", mine, [(tool.get("id", ""), tool["name"]) for tool in proposed]
