"""A run of every kind of record, for the tests of pages and reports."""

from pathlib import Path
from typing import Any

from audit.book import Book
from audit.master import MasterKey
from audit.note import Signer
from audit.payload import Payload

SIGNER = Signer("example.com/log", b"s" * 32)
MASTER = MasterKey(b"m" * 32)
RUN = "mzxw6ytboi4dcmrt"
WHO: dict[str, Any] = {"run": RUN, "key": "k1", "policy": "7d1f0c2b9a", "model": "gpt-4o-mini", "profile": "support"}
START_US = 1_700_000_000_000_000
RECORDS: list[dict[str, Any]] = [
    {
        "kind": "admin",
        "actor": "k1",
        "run": RUN,
        "change": {"object": "run", "id": RUN, "old": None, "new": {"nano_usd": 500_000_000, "steps": 10, "x": None}},
    },
    {
        **WHO,
        "kind": "intent",
        "call": "call_1",
        "attempt": 1,
        "target": "openai/gpt-4o-mini",
        "phase": "plan",
        "findings": {"email.request.tokenize": 1, "iban.request.tokenize": 2},
    },
    {
        **WHO,
        "kind": "outcome",
        "call": "call_1",
        "findings": {"email.request.tokenize": 1, "iban.request.tokenize": 2},
        "tools": [{"name": "find_customer", "decision": "authorised"}, {"name": "wire", "decision": "withheld"}],
        "data": [{"source": "crm", "items": [1, 2], "of": {"class": "customer"}}],
        "decisions": [{"stage": "budget", "decision": "clamped", "output_tokens": 2_100, "wanted": 4_096}],
        "status": {"http": 200, "finish": "tool_calls", "left": 1},
        "billed": [{"nano_usd": 1_234_567, "input_tokens": 840, "output_tokens": 120}, {"failure": "upstream_error"}],
        "degraded": "fallback:small",
    },
    {
        **WHO,
        "kind": "refusal",
        "call": "call_2",
        "tools": [{"name": "wire", "decision": "refused", "rule": "unknown"}, {"decision": "odd", "rule": "house"}],
        "decisions": [{"stage": "firewall", "decision": "refused", "rule": "unknown"}, {}],
        "findings": {"odd": 1},
        "status": {"http": 422, "code": "tool_call_invalid", "limit": "1", "actual": "2"},
    },
    {**WHO, "kind": "outcome", "call": "call_3", "status": {"http": 502, "code": "strange"}},
    {
        "kind": "admin",
        "actor": "k9",
        "run": RUN,
        "change": {"object": "run", "id": RUN, "old": "open", "new": "killed"},
    },
    {"kind": "approval", "run": RUN, "reason": "checked by a person", "actor": "k7"},
    {"kind": "admin", "run": RUN, "actor": "k7", "change": {"object": "cap", "old": 1, "new": {"on": True}}},
    {"kind": "admin", "run": RUN, "actor": "k7", "change": {"object": "cap", "old": 1, "new": {}}},
    {"kind": "repair", "run": RUN},
]


def write_run(folder: Path, *, said: bytes | None = None) -> Path:
    """Write the run among others' records, a second a record; with `said`, its first outcome keeps that text."""
    path = folder / "book.sqlite"
    clock = iter(range(START_US, START_US + 10**12, 1_000_000))
    with Book.open(path, signer=SIGNER, master=MASTER, now_us=lambda: next(clock)) as book:
        book.append_now({"kind": "intent", "call": "other", "model": "m"}, tenant="globex")
        for record in RECORDS:
            payload = Payload(said, "ann") if said is not None and record["kind"] == "outcome" else None
            book.append_now(dict(record), tenant="acme", payload=payload)
    return path
