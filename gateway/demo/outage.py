"""The provider fails: retries, the breaker, a stored answer that says what it is, and the way back."""

import time
from typing import Any

import openai

from .screen import Screen
from .site import Site
from .written import ATTEMPTS_MAX, BREAKER_FAILURES, MODEL, STORED_ANSWER

QUESTION = "What does a tollhouse do?"
BACK_S_MAX = 10.0
_POLL_S = 0.2


def outage(site: Site, screen: Screen) -> None:
    """Have the provider answer 503, call three times, and wait until it is asked again."""
    screen.act("The provider fails: retries, the breaker opens, a stored answer says what it is")
    client = site.client(site.tenant("outage"))
    before, bill = len(site.seen()), site.bill()
    site.fail(BREAKER_FAILURES)
    asked: list[int] = []
    answers: list[Any] = []
    seconds: list[float] = []
    for _ in range(3):
        start = time.monotonic()
        answers.append(_ask(client))
        seconds.append(time.monotonic() - start)
        asked.append(len(site.seen()) - before - sum(asked))
    screen.say("provider", f"answers its next {BREAKER_FAILURES} requests with 503")
    for number, (attempts, took_s) in enumerate(zip(asked, seconds, strict=True), 1):
        screen.say(f"call {number}", f"{attempts} attempts at the provider, answered after {took_s * 1000:,.0f} ms")
    tried = asked[0] == ATTEMPTS_MAX
    screen.claim("the first call is tried again, with growing pauses", holds=tried, figure=f"{asked[0]} attempts")
    screen.claim(
        f"after {BREAKER_FAILURES} failures the breaker is open and the provider is left alone",
        holds=asked[1:] == [BREAKER_FAILURES - ATTEMPTS_MAX, 0],
        figure=f"{asked[2]} attempts",
    )
    labels = {raw.headers.get("x-tollhouse-degraded") for raw in answers}
    texts = {raw.parse().choices[0].message.content for raw in answers}
    screen.claim(
        "all three have the stored answer, labelled",
        holds=labels == {"stored"} and texts == {STORED_ANSWER},
        figure=f"x-tollhouse-degraded: {', '.join(map(str, labels))}",
    )
    spent = site.spent("outage")
    free = spent == 0 and site.bill() == bill
    screen.claim("and cost nothing", holds=free, figure=f"{spent} nano-dollars")
    waited_s = _wait_back(client)
    screen.claim(
        "once the provider is well, one probe closes the breaker",
        holds=waited_s is not None,
        figure=f"after {waited_s or BACK_S_MAX:.1f} s",
    )


def _ask(client: openai.OpenAI) -> Any:
    return client.chat.completions.with_raw_response.create(
        model=MODEL, messages=[{"role": "user", "content": QUESTION}]
    )


def _wait_back(client: openai.OpenAI) -> float | None:
    """Ask until the model itself answers; return the seconds that took, None if it did not."""
    start = time.monotonic()
    while (waited_s := time.monotonic() - start) < BACK_S_MAX:
        if "x-tollhouse-degraded" not in _ask(client).headers:
            return waited_s
        time.sleep(_POLL_S)
    return None
