"""The model that the article describes, as a script: how much it says, and how long it takes.

Tokens are four bytes of text. A ReAct step's prompt starts at about 900 tokens (instructions, tools, task) and each
turn adds about 350 (thought, call, observation), so that steps cost the article's 1,000 to 3,000 tokens. Latency is
lognormal: 0.45 s to the first token, then 80 tokens a second, about 0.8 s a ReAct step.
"""

import json
from typing import Any

LATENCY = {
    "first_token_s_median": 0.45,
    "first_token_sigma": 0.30,
    "tokens_per_s_median": 80.0,
    "tokens_per_s_sigma": 0.15,
}
STEPS = (3, 5, 10, 15, 20)
PLANNED = (3, 5, 8, 10)
INSTRUCTIONS = "You are a careful agent. Think, use one tool, look at what came back, think again. " * 42
THOUGHT = "I need the next part, so I look at the region's figures for it now. " * 2
OBSERVATION = "Region figures: plan 1200, actual 1163, deviation 3.1 percent, cause late delivery, owner north. " * 13
ANSWER = "All regions are compared; the deviation in the north is the one to mend. "
DRAFT = "def add(a, b): return a - b  # the first draft, with a mistake that a test finds. " * 6


def look(part: int) -> str:
    """Look at the figures of one part."""
    return f"Part {part}. {OBSERVATION}"


def _call(name: str, text: str = THOUGHT, **arguments: Any) -> dict[str, Any]:
    return {"text": text, "tool_calls": [{"name": name, "arguments": arguments}]}


def _plan(steps: int, width: int) -> str:
    made = []
    for number in range(1, steps + 1):
        layer = (number - 1) // width
        after = [f"s{before}" for before in range((layer - 1) * width + 1, layer * width + 1)] if layer else []
        goal = f"part {number}: compare"
        made.append({"id": f"s{number}", "goal": goal, "tool": "look", "after": after})
    return json.dumps({"steps": made})


def script(seed: int) -> tuple[dict[str, Any], list[str]]:
    """Return the provider's script and the names of its models."""
    rules: list[dict[str, Any]] = []
    for steps in STEPS:
        turns = [_call("look", part=number) for number in range(1, steps)]
        rules.append({"model": f"react-{steps}", "replies": [*turns, {"text": ANSWER}]})
    for width in (1, 3):
        for steps in PLANNED:
            model = f"plan-{steps}-w{width}"
            rules.append({"model": model, "match": "^Make a plan", "replies": [{"text": _plan(steps, width)}]})
            rules += [
                {"model": model, "match": rf"Step: part {number}:", "replies": [_call("look", text="", part=number)]}
                for number in range(1, steps + 1)
            ]
            rules.append({"model": model, "match": "final answer", "replies": [{"text": ANSWER}]})
    rules.append({"model": "draft", "replies": [{"text": DRAFT}]})
    rules.append(
        {"model": "reflect", "match": "what to do differently", "replies": [{"text": "Add, do not subtract. " * 9}]}
    )
    rules.append({"model": "reflect", "replies": [{"text": DRAFT}]})
    rules.append({"model": "single", "replies": [_call("look", text="The figures: {1}", part=1)]})
    rules.append({"model": "member", "replies": [{"text": "The device is new, the amount is usual.\nallow"}]})
    rules.append({"model": "hurried", "replies": [{"text": "The device is new, the amount is high.\nblock"}]})
    rules.append({"model": "reflect-mends", "match": "Lessons of earlier", "replies": [{"text": "right"}]})
    rules.append({"model": "reflect-mends", "replies": [{"text": "wrong"}]})
    return {"rules": rules, "latency": LATENCY, "seed": seed}, sorted({rule["model"] for rule in rules})
