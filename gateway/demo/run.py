"""An agent in a declared run, stopped when the run's tokens are used up over planning and execution."""

from typing import Any

import openai

from .screen import NO_BREAK, Screen
from .site import Site
from .written import MATERIAL, MODEL

STEPS_TRIED_MAX = 12
NEAR = 0.95


def run(site: Site, screen: Screen, *, tenant: str = "agents") -> None:
    """Let an agent plan and act until it is stopped."""
    screen.act("An agent's run is stopped when its tokens are used up, planning and acting together")
    key = site.tenant(tenant)
    opened = site.open_run(key)
    limit = int(opened["limits"]["tokens"])
    client = site.client(str(opened["key"]))
    before = site.bill()
    used: list[str] = []
    stopped: openai.APIStatusError | None = None
    step = 0
    while stopped is None and step < STEPS_TRIED_MAX:
        phase = "plan" if step == 0 else "act"
        text = "Plan the comparison of all regions." if step == 0 else f"Step {step}. {MATERIAL}"
        try:
            raw = _ask(client, phase, text)
        except openai.APIStatusError as error:
            stopped = error
            break
        usage = raw.parse().usage
        lowered = raw.headers.get("x-tollhouse-clamped")
        used.append(f"{phase}{NO_BREAK}{usage.total_tokens:,}")
        if lowered:
            used[-1] += f" (output lowered to the {int(lowered):,} that were left)"
        step += 1
    billed = site.bill().since(before)
    screen.say(
        "limits",
        f"{limit:,} tokens, ${opened['limits']['usd']}, {opened['limits']['steps']} steps, as its key's profile says",
    )
    screen.say("tokens", " · ".join(used))
    if stopped is None:
        screen.claim("the run was stopped", holds=False, figure=f"{step} steps, {billed.tokens:,} tokens")
        return
    screen.say("then", str(_error(stopped).get("message", stopped)))
    code, param = _error(stopped).get("code"), _error(stopped).get("param")
    screen.claim(
        "stopped with 402 budget_exceeded at run.tokens",
        holds=(stopped.status_code, code, param) == (402, "budget_exceeded", "run.tokens"),
        figure=f"{stopped.status_code} {code} {param}",
    )
    screen.claim(
        f"not one token over {limit:,} by the provider's own count, and most of them used",
        holds=limit * NEAR <= billed.tokens <= limit,
        figure=f"{billed.tokens:,} tokens",
    )
    screen.claim(
        "the refused call never reached the provider",
        holds=billed.requests == step,
        figure=f"{step} calls billed, {step + 1} asked",
    )


def _ask(client: openai.OpenAI, phase: str, text: str) -> Any:
    return client.chat.completions.with_raw_response.create(
        model=MODEL,
        messages=[{"role": "user", "content": text}],
        max_tokens=4_096,
        extra_headers={"x-tollhouse-phase": phase},
    )


def _error(stopped: openai.APIStatusError) -> dict[str, Any]:
    return stopped.body if isinstance(stopped.body, dict) else {}
