"""Loops of tool calls, told apart by pure rules over what a run has called so far.

    identical  the same tool with the same arguments (one key): nudge at the third, the fourth passes, the fifth not
    cycle      A B A B …, of up to four keys, repeated: as identical, counted in whole rounds
    same_error the same tool fails in a row with the same error, whatever its arguments: as identical
    drifting   the same tool in a row, arguments change, the result does not: nudge at the 5th, refuse at the 10th
Calls whose executed results change are progress: what would be refused or nudged as identical or cycle only warns.
Tools that poll are exempt. Keys and outcomes are the caller's digests; this module never sees an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Action = Literal["pass", "warn", "nudge", "refuse"]
_PERIOD_MAX = 4


class ToolCall(NamedTuple):
    """One earlier call in the run, oldest first in a history. `outcome` is a digest of the result ("" unknown yet)."""

    tool: str
    key: str
    outcome: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class LoopPolicy:
    """Thresholds count the call being judged. `rules` are asked; `polling` names tools that may repeat themselves."""

    nudge_at: int = 3
    refuse_at: int = 5
    drift_nudge_at: int = 5
    drift_refuse_at: int = 10
    history_max: int = 256
    rules: frozenset[str] = frozenset({"identical", "cycle", "same_error", "drifting"})
    polling: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a call, by which rule, and the figure it rests on."""

    action: Action = "pass"
    rule: str = ""
    count: int = 0
    limit: int = 0


_PASS = Verdict()
_SEVERITY = {"pass": 0, "warn": 1, "nudge": 2, "refuse": 3}


def judge(history: Sequence[ToolCall], tool: str, key: str, policy: LoopPolicy) -> Verdict:
    """Judge the next call of `tool` with `key` after `history` (of which the last `history_max` count)."""
    if tool in policy.polling:
        return _PASS
    recent = history[-policy.history_max :]
    verdicts = (
        _cycle(recent, key, policy),
        _identical(recent, key, policy),
        _same_error(recent, tool, policy),
        _drifting(recent, tool, key, policy),
    )
    ruling = (verdict for verdict in verdicts if verdict.rule in policy.rules)
    return max(ruling, key=lambda verdict: _SEVERITY[verdict.action], default=_PASS)


def nudge(verdict: Verdict, tool: str) -> str:
    """Return the sentence appended to a tool's result, the same every time."""
    return (
        f"[Note from the gateway: {tool} has now been called {verdict.count} times without progress "
        f"({verdict.rule.replace('_', ' ')}). Use what you have, change your approach, or finish; "
        f"call {verdict.limit} will be refused.]"
    )


def _identical(recent: Sequence[ToolCall], key: str, policy: LoopPolicy) -> Verdict:
    same = [call for call in recent if call.key == key]
    return _graded("identical", len(same) + 1, policy, progress=_progress(same))


def _cycle(recent: Sequence[ToolCall], key: str, policy: LoopPolicy) -> Verdict:
    best = _PASS
    keys = [*(call.key for call in recent), key]
    for period in range(2, _PERIOD_MAX + 1):
        if len(keys) < 2 * period or len(set(keys[-period:])) < 2:  # noqa: PLR2004 - one key alone is `identical`
            continue
        length = period
        while length < len(keys) and keys[-length - 1] == keys[-length - 1 + period]:
            length += 1
        part = [call for call in recent[-length + 1 :] if call.key == key]
        # A round counts as soon as its first call comes again, so the second call of round five is not needed.
        verdict = _graded("cycle", -(-length // period), policy, progress=_progress(part))
        if _SEVERITY[verdict.action] > _SEVERITY[best.action]:
            best = verdict
    return best


def _same_error(recent: Sequence[ToolCall], tool: str, policy: LoopPolicy) -> Verdict:
    count = 0
    error = ""
    for call in reversed(recent):
        if call.tool != tool:
            continue
        if not call.failed or not call.outcome or (error and call.outcome != error):
            break
        error = call.outcome
        count += 1
    return _graded("same_error", count + 1, policy, progress=False) if count else _PASS


def _drifting(recent: Sequence[ToolCall], tool: str, key: str, policy: LoopPolicy) -> Verdict:
    result = ""
    keys = {key}
    for call in reversed(recent):
        if call.tool != tool:
            break
        if call.failed or not call.outcome or (result and call.outcome != result):
            break
        result = call.outcome
        keys.add(call.key)
    count = len(keys)
    if count >= policy.drift_refuse_at:
        return Verdict("refuse", "drifting", count, policy.drift_refuse_at)
    if count == policy.drift_nudge_at:
        return Verdict("nudge", "drifting", count, policy.drift_refuse_at)
    return _PASS


def _graded(rule: str, count: int, policy: LoopPolicy, *, progress: bool) -> Verdict:
    if count < policy.nudge_at:
        return _PASS
    if progress:
        return Verdict("warn", rule, count, policy.refuse_at)
    if count >= policy.refuse_at:
        return Verdict("refuse", rule, count, policy.refuse_at)
    return Verdict("nudge" if count == policy.nudge_at else "pass", rule, count, policy.refuse_at)


def _progress(same: Sequence[ToolCall]) -> bool:
    """Say whether the last two executed results of a key differ."""
    outcomes = [call.outcome for call in same if call.outcome]
    return len(outcomes) > 1 and outcomes[-1] != outcomes[-2]
