"""What a policy would do to a text, or to the requests the book has kept: nothing is stored, nothing is sent.

A trial has a vault of its own that goes with it, so the placeholders it shows are never restored by anybody.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from audit.errors import BookDamaged, KeyMissing, Shredded
from audit.keyring import Keyring, read_payload
from audit.master import MasterKey
from audit.reader import Reader

from .guards import Finding, Redactor, Vault
from .guards.denials import Denials
from .guards.injected import labels
from .guards.json_text import is_json, redact_json
from .guards.policy import Direction
from .papers import Profile
from .policies import Policies


@dataclass(frozen=True, slots=True)
class Trial:
    """The text as it would go on, what was found in it, which denied topics and hidden orders."""

    text: str
    findings: tuple[Finding, ...]
    denied: tuple[str, ...]
    injected: tuple[str, ...]

    @property
    def blocked(self) -> bool:
        """Whether a finding's action is to refuse (denied topics say that themselves)."""
        return any(finding.action == "block" for finding in self.findings)


class Trials:
    """A profile's policy, applied to texts as Guard would."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = Redactor() if redactor is None else redactor
        self._policies = Policies()

    def of(
        self, profile: Profile, text: str, direction: Direction, *, tenant: str = "", key: str = "", model: str = "",
        tool: str = "",
    ) -> Trial:  # fmt: skip
        """Try one text in one direction; `tool` names whose arguments or result it is."""
        if tool:
            policy = self._policies.of_tool(profile, tenant, key, model, tool=tool).kinds
        else:
            policy = self._policies.of(profile, tenant, key, model)
        vault = Vault()
        if direction in {"tool_arguments", "tool_result", "memory"} and is_json(text):
            changed, findings = redact_json(self._redactor, text, policy, vault, direction)
        else:
            changed, findings = self._redactor.redact(text, policy, vault, direction)
        where = "reply" if direction in {"reply", "tool_arguments", "memory"} else "request"
        denials = Denials(
            (each.name, each.pattern, each.words) for each in profile.guarding.deny if where in each.where
        )
        hidden = labels(text) if direction == "tool_result" and profile.guarding.injected != "off" else []
        return Trial(changed, tuple(findings), tuple(denials.found(text)), tuple(hidden))


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a policy would do to one kept request: counts of `kind.direction.action`, and whether it would refuse."""

    index: int
    record: dict[str, Any]
    findings: dict[str, int]
    blocked: bool


def replay(
    reader: Reader, master: MasterKey, profile: Profile, *, from_us: int = 0, tenant: str | None = None
) -> Iterator[Replayed]:
    """Yield what `profile` would do to each kept request, oldest first; what was shredded is passed over.

    Payloads kept `redacted` hold placeholders where values were: only `full` ones tell all.
    """
    trials, keyring = Trials(), Keyring(master)
    rows = reader.db.execute("SELECT idx FROM book_payload WHERE idx < ? ORDER BY idx", (reader.size,))
    for (index,) in rows.fetchall():
        ((_, body),) = reader.records(index, index + 1)
        record = orjson.loads(body)
        if record["kind"] != "intent" or record["at"] < from_us or (tenant and record.get("tenant") != tenant):
            continue
        try:
            content = read_payload(reader.db, keyring, index)
        except (Shredded, KeyMissing, BookDamaged):
            continue
        counts: Counter[str] = Counter()
        blocked = False
        blocking = {each.name for each in profile.guarding.deny if each.blocks}
        for role, text in orjson.loads(content)["texts"]:
            direction: Direction = "tool_result" if role == "tool" else "request"
            trial = trials.of(
                profile, text, direction, tenant=record.get("tenant", ""), key=record["key"],
                model=record.get("model", ""),
            )  # fmt: skip
            counts.update(f"{each.kind}.{each.direction}.{each.action}" for each in trial.findings)
            counts.update(f"denied.{name}.{direction}" for name in trial.denied)
            blocked = blocked or trial.blocked or not blocking.isdisjoint(trial.denied)
        yield Replayed(index, record, dict(counts), blocked)
