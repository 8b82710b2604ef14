"""Evidence for a period: what the records answer to the questions that SOC 2, the GDPR and the EU AI Act ask.

One pass over the period's records fills a tally; each requirement is mapped to figures of it, and to the query that
gives the records themselves. It is evidence, not a determination: whether a control suffices is for people to judge.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from .wording import dollars

EXAMPLES_MAX = 5


@dataclass(slots=True)
class Tally:
    """Figures of a period. Bounded: names are counted, records are not kept but for a few indexes each."""

    records: int = 0
    first_us: int = 0
    last_us: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    actors: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)
    payloads: int = 0
    nano_usd: int = 0

    def take(self, index: int, record: dict[str, Any]) -> None:
        """Count one record."""
        self.records += 1
        self.first_us = self.first_us or record["at"]
        self.last_us = record["at"]
        kind = record["kind"]
        self._note(self.kinds, "kind", kind, index)
        self.payloads += "payload" in record
        for counter, name in ((self.policies, "policy"), (self.models, "model"), (self.degraded, "degraded")):
            if name in record:
                counter[str(record[name])] += 1
        if "actor" in record:
            self.actors[str(record["actor"])] += 1
        if kind in ("admin", "erasure"):
            self._note(self.changes, "change", str((record.get("change") or {}).get("object", "contents")), index)
            if kind == "erasure":
                self.reasons[str(record.get("reason", ""))] += 1
        for name, count in (record.get("counts") or {}).items():
            self.counts[f"{kind}.{name}"] += count
        if kind in ("outcome", "refusal"):
            self._ended(index, record)

    def _ended(self, index: int, record: dict[str, Any]) -> None:
        code = (record.get("status") or {}).get("code")
        if code:
            self._note(self.codes, "code", str(code), index)
        for each in record.get("decisions") or ():
            self._note(self.decisions, "decision", f"{each.get('stage')}: {each.get('decision')}", index)
        for name, count in (record.get("findings") or {}).items():
            self.findings[name] += count
        for tool in record.get("tools") or ():
            self._note(self.tools, "tool", f"{tool.get('name')}: {tool.get('decision')}", index)
        if "tool" in record:
            self._note(self.tools, "tool", f"{record['tool'].get('name')}: run", index)
        for each in record.get("billed") or ():
            self.nano_usd += each.get("nano_usd", 0)

    def _note(self, counter: Counter[str], field_: str, name: str, index: int) -> None:
        counter[name] += 1
        kept = self.examples.setdefault(f"{field_} {name}", [])
        if len(kept) < EXAMPLES_MAX:
            kept.append(index)


def tally(records: Iterable[tuple[int, bytes]]) -> Tally:
    """Count the records of a period."""
    found = Tally()
    for index, body in records:
        found.take(index, orjson.loads(body))
    return found


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement, what the book can show for it, which figures those are, and how to ask for the records."""

    text: str
    name: str
    shows: str
    figures: Callable[[Tally], list[str]]
    query: str


def _counted(counter: Counter[str], what: str) -> list[str]:
    return [f"{name} ({count:,})" for name, count in counter.most_common(12)] or [f"no {what} in this period"]


def _kinds(*kinds: str) -> Callable[[Tally], list[str]]:
    return lambda found: [f"{found.kinds[kind]:,} records of kind {kind}" for kind in kinds]


def _access(found: Tally) -> list[str]:
    refused = {code: count for code, count in found.codes.items() if code.endswith(("not_allowed", "api_key"))}
    strangers = sum(count for name, count in found.counts.items() if name.startswith("strangers."))
    told = _counted(Counter(refused), "call refused for lack of a right")
    return [*told, f"{strangers:,} callers without a valid key, counted by the minute"]


def _erasures(found: Tally) -> list[str]:
    return _counted(found.reasons, "erasure")


def _operation(found: Tally) -> list[str]:
    return [
        f"{found.kinds['intent']:,} requests recorded before they were sent, {found.kinds['outcome']:,} outcomes",
        f"{found.payloads:,} records with contents kept beside the log",
        f"models: {', '.join(name for name, _ in found.models.most_common(8)) or 'none'}",
        f"spent: {dollars(found.nano_usd)}",
    ]


REQUIREMENTS = (
    Requirement(
        "SOC 2",
        "CC6.1 to CC6.3 Logical access",
        "who was let in, who was refused, and who changed rights",
        lambda found: [*_access(found), *_counted(found.changes, "change of a right")],
        "tollhouse audit search --kind admin",
    ),
    Requirement(
        "SOC 2",
        "CC6.6, CC6.7 Data that crosses the boundary",
        "personal data and secrets recognised on their way out and in, and what was done",
        lambda found: _counted(found.findings, "finding"),
        "tollhouse audit search --decision blocked",
    ),
    Requirement(
        "SOC 2",
        "CC7.1, CC7.2 Monitoring",
        "what the checks decided, call by call",
        lambda found: _counted(found.decisions, "decision of a check"),
        "tollhouse audit search --decision refused",
    ),
    Requirement(
        "SOC 2",
        "CC7.3 to CC7.5 Incidents and recovery",
        "failures, repairs of the log, answers given while a provider was out",
        lambda found: [
            *_kinds("repair")(found),
            *_counted(found.codes, "error"),
            *_counted(found.degraded, "fallback"),
        ],
        "tollhouse audit search --kind repair",
    ),
    Requirement(
        "GDPR",
        "Art. 15 Access by the data subject",
        "a run can be told to the person it concerns, with proofs",
        lambda found: [
            f"{found.records:,} records in the period; {found.payloads:,} with contents that can be read out"
        ],
        "tollhouse audit explain RUN --html",
    ),
    Requirement(
        "GDPR",
        "Art. 17 Erasure",
        "what was destroyed, when, and why; the log shows that it was",
        _erasures,
        "tollhouse audit search --kind erasure",
    ),
    Requirement(
        "GDPR",
        "Art. 22 Automated decisions, human intervention",
        "where a person allowed or denied, and which tool calls were decided by rule alone",
        lambda found: [*_kinds("approval")(found), *_counted(found.tools, "tool call")],
        "tollhouse audit search --kind approval",
    ),
    Requirement(
        "GDPR",
        "Art. 30 Records of processing",
        "what was processed with which models, and the kinds of personal data met",
        lambda found: [*_operation(found), *_counted(Counter(_by_kind(found.findings)), "kind of personal data")],
        "tollhouse audit export --format csv",
    ),
    Requirement(
        "EU AI Act",
        "Art. 12 Record-keeping",
        "events recorded automatically over the life of the system, in an order nobody can change unseen",
        lambda found: [*_operation(found), f"{len(found.policies)} configurations in force, by their fingerprints"],
        "tollhouse audit verify --anchor FILE",
    ),
    Requirement(
        "EU AI Act",
        "Art. 19 Automatically generated logs, kept",
        "how far back the log goes without a gap; contents follow the retention that is configured",
        lambda found: [f"{found.records:,} records, none of them ever dropped", *_erasures(found)],
        "tollhouse audit verify",
    ),
    Requirement(
        "EU AI Act",
        "Art. 26 Obligations of deployers",
        "monitoring, human oversight and the stopping of runs",
        lambda found: [*_kinds("approval")(found), *_counted(found.changes, "intervention")],
        "tollhouse audit search --kind admin",
    ),
)


def _by_kind(findings: Counter[str]) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for name, count in findings.items():
        kinds[name.partition(".")[0].replace("_", " ")] += count
    return dict(kinds)
