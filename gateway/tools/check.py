"""Checks what one choice of an answer proposes to call: all of it passes, or none.

The rules, in their order: `calls` (too many), `unknown` (not offered by that very request, so not allowed either), `id`
(two calls of one id), `json`, `object`, `size` or a schema's keyword (the arguments do not fit), `run` and `plan` (the
run's list, or its plan's, does not name the tool), `rules[n]` (the arguments break a rule of the tool's settings), and
those of `limits.loops`. Nothing is repaired.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from limits.loops import ToolCall as Step

from ..config.rule import Rule, broken
from ..errors import LoopDetected, Refusal, ToolCallInvalid, ToolNotAllowed
from .proposals import Proposal
from .schema import Toolset, Unfit
from .trail import Trail

CALLS_MAX = 128
NAME_CHARS = 64


class Checked(Struct):
    """A proposed call and what was decided of it: `authorised`, `refused` by a rule, `withheld` because another was."""

    proposal: Proposal
    key: str
    decision: str
    rule: str = ""

    def told(self) -> dict[str, Any]:
        """Return it as the book has it: the arguments only as the loop key, an HMAC."""
        return told_of(self.proposal.id, self.proposal.name, self.key, self.decision, self.rule)


class Finding(Struct):
    """What is to be done about a choice: `refusal` None releases it."""

    calls: tuple[Checked, ...]
    refusal: Refusal | None = None
    rule: str = ""


def told_of(call_id: str, tool: str, key: str, decision: str, rule: str = "") -> dict[str, Any]:
    """Return a tool call as the book has it."""
    told = {"name": tool[:NAME_CHARS], "arguments": key, "decision": decision}
    if call_id:
        told["id"] = call_id[:NAME_CHARS]
    if rule:
        told["rule"] = rule
    return told


Rules = Mapping[str, tuple[Rule, ...]]
"""What the arguments of a tool must keep to, by its name."""


def check(
    calls: Sequence[Proposal],
    toolset: Toolset,
    trail: Trail,
    rules: Rules = MappingProxyType({}),
    forbids: Callable[[str], str] | None = None,
    *,
    released: int = 0,
) -> Finding:
    """Check a choice's calls, one after another; other choices of the answer are alternatives to this one.

    `forbids` says which list of the run does not name a tool ("": it may be called). `released` is how many calls of
    the answer passed before: one record has room for CALLS_MAX.
    """
    number = released + len(calls)
    if number > CALLS_MAX:
        words = f"{number} calls in one answer; at most {CALLS_MAX} are taken"
        return Finding((), ToolCallInvalid(words, limit=CALLS_MAX, actual=number), "calls")
    ahead: list[Step] = []
    passed: list[Checked] = []
    seen: set[str] = set()
    for proposal in calls:
        rule, refusal, tree = _read(proposal, toolset, seen)
        if refusal is None and forbids is not None and (rule := forbids(proposal.name)):
            refusal = ToolNotAllowed(f"the run's list of tools ({rule}) does not name {_shown(proposal.name)}")
        if refusal is None and (own := rules.get(proposal.name)):
            rule, refusal = ruled(own, proposal.name, tree)
        key = trail.key(proposal.name, proposal.clear, tree)
        if refusal is None:
            verdict = trail.judge(proposal.name, key, ahead)
            rule = "" if verdict.action == "pass" else verdict.rule
            if verdict.action == "refuse":
                refusal = LoopDetected(
                    f"{_shown(proposal.name)} was called {verdict.count - 1} times without progress "
                    f"({rule.replace('_', ' ')}); call {verdict.limit} is refused",
                    limit=verdict.limit - 1,
                    actual=verdict.count,
                )
        if refusal is not None:
            withheld = (Checked(each.proposal, each.key, "withheld") for each in passed)
            return Finding((*withheld, Checked(proposal, key, "refused", rule)), refusal, rule)
        passed.append(Checked(proposal, key, "authorised", rule))
        if len(passed) < len(calls):
            ahead.append(Step(proposal.name, key))
            seen.add(proposal.id)
    return Finding(tuple(passed))


def _read(proposal: Proposal, toolset: Toolset, seen: set[str]) -> tuple[str, Refusal | None, dict[str, Any] | None]:
    """Return rule and refusal of a call that is not as it should be, or its arguments decoded."""
    schema = toolset.get(proposal.name)
    if schema is None:
        return "unknown", ToolCallInvalid(f"the request offers no tool of the name {_shown(proposal.name)}"), None
    if proposal.id and proposal.id in seen:
        return "id", ToolCallInvalid(f"two calls have one id; the second is to {_shown(proposal.name)}"), None
    read = schema.read(proposal.clear)
    if not isinstance(read, Unfit):
        return "", None, read
    where = f" at {read.place}" if read.place else ""
    shown = _shown(proposal.name)
    return read.rule, ToolCallInvalid(f"the arguments of {shown} do not fit its schema ({read.rule}{where})"), None


def ruled(rules: tuple[Rule, ...], tool: str, tree: dict[str, Any] | None) -> tuple[str, ToolCallInvalid | None]:
    """Return the first rule that arguments do not keep to, and the refusal; one that cannot be judged is not kept."""
    at = broken(rules, tree or {}) if rules else None
    if at is None:
        return "", None
    words = f"the arguments of {_shown(tool)} do not keep to its rule `{rules[at].text}`"
    return f"rules[{at}]", ToolCallInvalid(words, param="arguments")


def _shown(name: str) -> str:
    return name[:NAME_CHARS] if name.isprintable() else "?"
