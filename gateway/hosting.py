"""What tools that run at the provider may cost at most: uses by price, and the tokens that each use adds.

Each use puts its result into the input and lets the model read all of it once more. So a call with U uses is held as
U + 1 readings of the input, all results and the whole output; the reply's usage says what it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from limits.money import pico_to_nano
from limits.prices import Price

from .call import Request
from .errors import PriceUnknown, ToolNotAllowed
from .papers import Profile


@dataclass(frozen=True, slots=True)
class Hosted:
    """The bound of one attempt's hosted tools: uses by kind, their price, and the tokens of their results."""

    uses: Mapping[str, int]
    nano: int
    result_tokens: int

    def input_tokens(self, tokens: int, output_tokens: int, context: int | None) -> int:
        """Return the bound of all input that is billed for a request of so many; `context` bounds one reading."""
        reading = tokens + self.result_tokens + output_tokens
        return (sum(self.uses.values()) + 1) * (reading if context is None else min(reading, context))


def refuse_hosted(request: Request, profile: Profile) -> None:
    """Raise ToolNotAllowed for a tool that runs at the provider though the profile does not let it."""
    for tool in request.tools:
        if not tool.hosted:
            continue
        policy = profile.hosted.get(tool.kind)
        shown = tool.name[:256]
        if policy is None:
            raise ToolNotAllowed(
                f"{shown} runs at the provider, and profile {profile.name} names no bound for it "
                "(tools.hosted); leave it out",
                param="tools",
            )
        for store in tool.refers:
            if store not in policy.vector_stores:
                raise ToolNotAllowed(f"profile {profile.name} does not let {shown} search {store[:128]}", param="tools")


def bound_of(request: Request, profile: Profile, price: Price) -> Hosted | None:
    """Return the bound of a request's hosted tools; None if it has none. PriceUnknown if a use has no price."""
    uses: dict[str, int] = {}
    for tool in request.tools:
        if tool.hosted:
            most = profile.hosted[tool.kind].uses_max
            uses[tool.kind] = min(uses.get(tool.kind, most), most, tool.uses_max or most)
    before = request.hosted_items * max((each.input_tokens_per_use for each in profile.hosted.values()), default=0)
    if not uses:
        return Hosted(uses, 0, before) if before else None
    for kind in uses:
        if kind not in price.uses:
            raise PriceUnknown(
                f"no price of a use of {kind} is known for {price.model}; set models[].usd_per_thousand_uses",
                param="tools",
            )
    if request.uses_max is not None:
        uses = _at_most(uses, request.uses_max, price)
    pico = sum(price.uses[kind] * number for kind, number in uses.items())
    tokens = sum(profile.hosted[kind].input_tokens_per_use * number for kind, number in uses.items())
    return Hosted(uses, pico_to_nano(pico), before + tokens)


def _at_most(uses: Mapping[str, int], uses_max: int, price: Price) -> dict[str, int]:
    """Return the dearest uses that a client's own maximum of all together leaves."""
    found: dict[str, int] = {}
    for kind in sorted(uses, key=lambda kind: -price.uses[kind]):
        found[kind] = min(uses[kind], uses_max)
        uses_max -= found[kind]
    return found
