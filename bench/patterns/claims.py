"""Claim by claim: what the article says, what its own figures give, what was measured, and whether it follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.patterns.measure import Row

HOLDS, UNDER, NOT = "holds", "holds under conditions", "does not follow"


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the table."""

    pattern: str
    claim: str
    expected: str
    measured: str
    verdict: str
    why: str


def judged(rows: Sequence[Row], caps: Mapping[str, Any]) -> list[Claim]:
    """Judge every claim by the rows."""
    by = {(row.pattern, row.size): row for row in rows}
    return [*_react(by, caps), *_plan(by), *_reflect(by, caps), *_others(by, caps)]


Rows = Mapping[tuple[str, int], Row]


def _react(by: Rows, caps: Mapping[str, Any]) -> list[Claim]:
    tokens = {steps: by["react", steps].tokens for steps in (3, 5, 10, 15, 20)}
    five, three = by["react", 5], by["react", 3]
    growth = tokens[20] / tokens[5]
    return [
        Claim(
            "ReAct",
            "1,000-3,000 tokens a step, cost linear in steps",
            "quadratic: 8.1k, 25k, 50.6k, 85k at 5, 10, 15, 20",
            ", ".join(f"{value / 1e3:.1f}k" for value in list(tokens.values())[1:]),
            NOT,
            f"4x the steps are {growth:.1f}x the tokens: the history is sent again at each step",
        ),
        Claim(
            "ReAct",
            "a cap of 10 steps bounds a request to $0.50",
            "$0.50",
            f"stopped by {caps['stopped_by']} at {caps['steps']}, ${caps['usd']:.4f}",
            HOLDS,
            "at gpt-4o-mini's prices; at any other the dollar limit bounds it, not the steps",
        ),
        Claim(
            "ReAct",
            "50,000 tokens are a kill switch",
            "falls at step 15",
            f"15 steps use {tokens[15]:,.0f}",
            HOLDS if 45_000 < tokens[15] < 56_000 else UNDER,
            "with these prompts; the hard limit of 15-20 steps never acts before it",
        ),
        Claim(
            "ReAct",
            "p95 6.5 s at 5 steps",
            "5.5 s",
            f"p50 {five.p50_s:.1f} s, p95 {five.p95_s:.1f} s",
            HOLDS if five.p95_s < 7.2 else UNDER,
            "with about 1 s a step; tools took next to nothing here",
        ),
        Claim(
            "ReAct",
            "p95 under 2 s with 3 iterations",
            "2.4 s",
            f"p95 {three.p95_s:.1f} s",
            HOLDS if three.p95_s < 2 else NOT,
            "three model calls of about 1 s do not fit, however fast the tools",
        ),
    ]


def _plan(by: Rows) -> list[Claim]:
    def less(size: int, what: str, pattern: str = "plan, one by one") -> float:
        ours: float = getattr(by[pattern, size], what)
        return 1 - ours / float(getattr(by["react", size], what))

    ten = by["react", 10]
    wide = by["plan, 3 side by side", 10]
    line = by["plan, one by one", 10]
    return [
        Claim(
            "Plan and execute",
            "60 % cheaper than ReAct at 10 steps",
            "-33 %",
            f"dollars {-less(10, 'usd'):+.0%}, tokens {-less(10, 'tokens'):+.0%} at 10; {-less(3, 'tokens'):+.0%} at 3",
            HOLDS if less(10, "usd") >= 0.55 else UNDER,
            "the gain grows with the history that is not sent; at few steps the plan costs more than it saves",
        ),
        Claim(
            "Plan and execute",
            "3x cheaper, 2x faster",
            "1.5x; 1.3x",
            f"{ten.usd / line.usd:.1f}x; {ten.p50_s / line.p50_s:.1f}x, side by side {ten.p50_s / wide.p50_s:.1f}x",
            UNDER,
            "faster only where steps are independent; one by one there is one call more than in ReAct",
        ),
        Claim(
            "Plan and execute",
            "p95 40 % lower at 8 steps and more",
            "-23 %; -50 % with a DAG of width 3",
            f"{line.p95_s / ten.p95_s - 1:+.0%} one by one, {wide.p95_s / ten.p95_s - 1:+.0%} side by side",
            UNDER,
            "it is the width of the plan that saves time",
        ),
    ]


def _reflect(by: Rows, caps: Mapping[str, Any]) -> list[Claim]:
    draft, one, two = by["draft", 1], by["reflect", 1], by["reflect", 2]
    return [
        Claim(
            "Reflection",
            "each round costs 2-3x",
            "2-3x",
            f"one round {one.usd / draft.usd:.1f}x dollars, two {two.usd / draft.usd:.1f}x",
            HOLDS if one.usd / draft.usd < 3.5 else UNDER,
            "lesson and further trial read the draft again",
        ),
        Claim(
            "Reflection",
            "two rounds cost 3-4x",
            "5-7x",
            f"{two.usd / draft.usd:.1f}x",
            HOLDS if two.usd / draft.usd <= 4 else NOT,
            "two rounds of 2-3x each on top of the draft are more than 4x",
        ),
        Claim(
            "Reflection",
            "two rounds add 3-5 s",
            "3-5 s",
            f"{two.p50_s - draft.p50_s:+.1f} s",
            HOLDS if 3 <= two.p50_s - draft.p50_s <= 5 else UNDER,
            "grows with the draft's length: 80 tokens a second",
        ),
        Claim(
            "Reflection",
            "mends what one attempt does not",
            "right in the second trial",
            str(caps["mended"]),
            HOLDS if caps["mended"] == "right" else NOT,
            "mechanism only: the scripted model errs once",
        ),
    ]


def _others(by: Rows, caps: Mapping[str, Any]) -> list[Claim]:
    single, five, swarm = by["single pass", 1], by["react", 5], by["swarm", 5]
    alone = 5 * (0.45 + 12 / 80)
    return [
        Claim(
            "Single pass",
            "300-500 ms",
            "0.8 s for a call of 30 tokens",
            f"p50 {single.p50_s:.2f} s, p95 {single.p95_s:.2f} s",
            HOLDS if single.p50_s <= 0.5 else NOT,
            "as long as one ReAct step of the same model: 300 ms needs a faster one",
        ),
        Claim(
            "Single pass",
            "50-70 % cheaper than ReAct",
            "-85 % at 5 steps",
            f"{single.tokens / five.tokens - 1:+.0%} tokens, {single.usd / five.usd - 1:+.0%} dollars",
            HOLDS,
            "more than claimed, for tasks that need no second look",
        ),
        Claim(
            "Swarm",
            "5 agents in 1-2 s instead of 5 s, -60 %",
            "p50 1.49 s against 5.24 s",
            f"p50 {swarm.p50_s:.2f} s, p95 {swarm.p95_s:.2f} s; one by one about {alone:.1f} s",
            HOLDS if swarm.p50_s < 0.45 * alone else UNDER,
            "the slowest member sets the time; cost is the sum of all",
        ),
        Claim(
            "Swarm",
            "the majority wins",
            "allow",
            f"two of five faulty: {caps['outvoted']}",
            HOLDS if caps["outvoted"] == "allow" else NOT,
            "mechanism only: members of one model tend to err together",
        ),
    ]
