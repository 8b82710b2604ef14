"""An agent in a declared run: it plans, acts, and ends in order when the run's tokens are used up."""

import os

import httpx
import openai

BASE_URL, KEY = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
MODEL = os.environ.get("MODEL", "gpt-4o-mini")

# A run has a key of its own, which can do nothing but call models within this run. Limits may be lowered, never raised.
opened = httpx.post(
    f"{BASE_URL}/runs", headers={"authorization": f"Bearer {KEY}"}, json={"limits": {"tokens": 4_000, "steps": 8}}
)
run = opened.raise_for_status().json()
agent = openai.OpenAI(api_key=run["key"])


def ask(phase: str, text: str) -> str:
    """Make one step; the phase is told to the gateway, so that a replan counts as one."""
    reply = agent.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": text}],
        max_tokens=800,
        extra_headers={"x-tollhouse-phase": phase},
    )
    return reply.choices[0].message.content or ""


done: list[str] = []
try:
    plan = ask("plan", "Plan in five steps how to compare three offers for office paper.")
    while len(done) < 20:  # noqa: PLR2004
        done.append(ask("act", f"Do step {len(done) + 1} of this plan, in detail:\n{plan}"))
except openai.APIStatusError as error:
    if error.code != "budget_exceeded":
        raise
    # 402, which clients do not repeat: the place to keep what is done and to end.
    print(f"stopped after {len(done)} steps: {error.param}")

used = httpx.get(f"{BASE_URL}/runs/{run['id']}", headers={"authorization": f"Bearer {KEY}"}).json()["used"]
print(f"used {used['tokens']} tokens, {used['steps']} model calls, {used['usd']} dollars")
