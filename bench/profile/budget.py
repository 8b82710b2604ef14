"""What each part of a call may cost, beside what it costs: the budget of a call of 1.5 KB, in CPU µs.

Places are what `served` times, by prefix. Reading the clock at each boundary costs by itself, so what one reading takes
is taken off each place, and what is left is brought in proportion to the whole, which is measured on a gateway without
any timing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOOP, BOOK_THREAD = "loop", "book's thread"


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the budget; ``most_us`` None: nothing was set aside for it."""

    name: str
    most_us: float | None
    places: tuple[str, ...]


PARTS = (
    Part("server, ASGI", 25, ("server:", "client:", "answer", "routes")),
    Part("the loop: sockets, tasks, timers", None, (LOOP,)),
    Part("authorise, JSON", 4, ("Authenticate.", "Read.")),
    Part("run, throttle", 2, ("Identify.", "Recall.", "Throttle.", "Count.", "Cache.")),
    Part("PII, there and back", 27, ("Guard.",)),
    Part("tokens, hold, settle, usage", 12, ("Budget.",)),
    Part("route, breaker", 4, ("Route.",)),
    Part("upstream", 20, ("Send.", "upstream:")),
    Part("book: two records", 20, ("Record.", "Intend.", "book:", BOOK_THREAD)),
    Part("firewall", 15, ("Firewall.",)),
    Part("pipeline", None, ("pipeline",)),
)


def spent(report: Mapping[str, Any], calls: int, true_us: float) -> dict[str, float]:
    """Return µs a call by place, without what the timing costs, in proportion to the ``true_us`` of a whole call."""
    reading_us = float(report["reading_us"])
    places = {label: max(0.0, us - entries * reading_us) / calls for label, (us, entries) in report["places"].items()}
    named_us = sum(us for us, _ in report["places"].values())
    entered = sum(entries for _, entries in report["places"].values())
    places[LOOP] = max(0.0, float(report["loop_thread_us"]) - named_us - entered * reading_us) / calls
    places[BOOK_THREAD] = float(report["book_thread_us"]) / calls
    scale = true_us / sum(places.values())
    return {label: us * scale for label, us in places.items()}


def shown(kept: Mapping[str, Any]) -> str:
    """Return what is kept as Markdown: one budget a workload, and its ten dearest places."""
    parts = []
    for name, found in kept.items():
        machine, dearest = found["machine"], list(found["places"].items())[:10]
        parts.append(f"{name}, {found['callers']} callers:\n\n{table(found['places'], found['goal_us'])}")
        parts.append("Dearest: " + ", ".join(f"{label} {us:.0f}" for label, us in dearest) + ".")
        parts.append(f"{machine['at']}, load {machine['load before']}, {machine['commit']}: `{machine['command']}`")
    return "\n\n".join(parts)


def table(places: Mapping[str, float], whole_us: float) -> str:
    """Return Markdown: part, budget, what is true, and the places that are in no part."""
    rows, left = [], dict(places)
    for part in PARTS:
        found = [label for label in places if label.startswith(part.places)]
        us = sum(left.pop(label) for label in found)
        most = "-" if part.most_us is None else f"{part.most_us:.0f}"
        rows.append(f"| {part.name} | {most} | {us:.1f} |")
    if left:
        rows.append(f"| elsewhere: {', '.join(left)} | - | {sum(left.values()):.1f} |")
    lines = ["| part of a call | budget, CPU µs | true |", "|---|--:|--:|", *rows]
    return "\n".join([*lines, f"| the whole | {whole_us:.0f} | {sum(places.values()):.1f} |"])
