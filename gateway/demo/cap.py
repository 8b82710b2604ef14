"""A tenant at its cap, with many calls at once: not one nano-dollar past it."""

import asyncio
from collections import Counter

import openai

from limits.money import usd_to_nano

from .acts import usd
from .screen import Screen
from .site import Site
from .written import MODEL

CALLS = 200
CAP_USD = "0.02"
CAP_NANO = 20_000_000
OUTPUT_TOKENS_MAX = 400
NEAR = 0.97


def cap(site: Site, screen: Screen) -> None:
    """Make all calls at once, and compare three accounts: the cap, the provider's bill, the gateway's books."""
    screen.act(f"A cap of {usd(CAP_NANO)} holds against {CALLS} calls at the same moment")
    key = site.tenant("shop", cap_usd=CAP_USD)
    before = site.bill()
    made = asyncio.run(_all_at_once(site, key))
    billed = site.bill().since(before)
    booked = site.spent("shop")
    reserved = max((nano for _, nano in made), default=0)
    outcomes = Counter(what for what, _ in made)
    answered = outcomes.pop("answered", 0)
    refused = outcomes.pop("402 budget_exceeded", 0)
    left = ", ".join(f"{number} times {what}" for what, number in outcomes.items())
    screen.say("asked", f"{CALLS} calls at once; each may cost {usd(reserved)}, all of them {usd(CALLS * reserved)}")
    screen.say("answered", f"{answered}, and {refused} refused with 402 budget_exceeded{left and '; ' + left}")
    screen.claim(
        "every call was answered or told that the budget is used up",
        holds=answered > 0 and refused > 0 and answered + refused == CALLS,
        figure=f"{answered} + {refused} = {answered + refused}",
    )
    screen.claim(
        "not one nano-dollar past the cap by the provider's bill, and nearly all of it used",
        holds=CAP_NANO * NEAR <= billed.nano_dollars <= CAP_NANO,
        figure=f"{usd(billed.nano_dollars)}",
    )
    screen.claim("the gateway's books say the same", holds=booked == billed.nano_dollars, figure=usd(booked))


async def _all_at_once(site: Site, key: str) -> list[tuple[str, int]]:
    async with site.async_client(key) as client:
        return await asyncio.gather(*(_one(client, number) for number in range(CALLS)))


async def _one(client: openai.AsyncOpenAI, number: int) -> tuple[str, int]:
    """Make one call; return how it ended, and the nano-dollars that were reserved for it."""
    try:
        raw = await client.chat.completions.with_raw_response.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"Describe article {number:04d} of the catalogue."}],
            max_tokens=OUTPUT_TOKENS_MAX,
        )
    except openai.APIStatusError as error:
        code = error.body.get("code") if isinstance(error.body, dict) else None
        return f"{error.status_code} {code}", 0
    return "answered", usd_to_nano(raw.headers["x-tollhouse-reserved-usd"])
