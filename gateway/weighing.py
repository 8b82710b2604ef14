"""What an attempt may take at most: the bound of its input, and the output that what is left still buys.

The input is bounded by its bytes, which costs nothing; it is counted exactly (tiktoken) only where that bound would
lower the output or make the call wait.
"""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from limits.books import Affordable
from limits.bound import Family, Parts, Unbounded, input_bound, input_counted
from limits.clamp import Clamped, Short, Wish, ceiling_of, clamp
from limits.entries import SettleEntry
from limits.money import nano_to_usd
from limits.prices import Price, Usage
from limits.seam import Ledger
from limits.tokens import TokenCounter

from .call import Attempt, Call, Request
from .dialects.strict import encode
from .errors import BudgetExceeded, UnboundedCost
from .hosting import Hosted, bound_of
from .papers import Profile

_COUNTED_HERE_CHARS_MAX = 20_000


class Weight(msgspec.Struct, frozen=True):
    """Tokens to hold for the input, the output a choice (or what is short of it), and whether the input was counted.

    `own` says that it is the profile's own limit of a call, not a scope's cap, that is short. `extra_nano` is reserved,
    and charged, on top: the maximum that a policy names for what has no bound. `hosted` bounds the tools that run
    at the provider.
    """

    input_tokens: int
    output: Clamped | Short
    counted: bool
    own: bool
    extra_nano: int = 0
    hosted: Hosted | None = None

    def nano(self, price: Price, output_tokens: int) -> int:
        """Return the nano-dollars to hold beside so many output tokens."""
        uses = 0 if self.hosted is None else self.hosted.nano
        return price.bound(self.input_tokens, output_tokens) + self.extra_nano + uses


class Weighing:
    """Bounds and clamps. Counting long texts happens in a thread."""

    def __init__(self, ledger: Ledger, counter: TokenCounter) -> None:
        self._ledger = ledger
        self._counter = counter

    async def weigh(
        self, attempt: Attempt, wish: Wish, price: Price, scopes: Sequence[str], *, exactly: bool = False
    ) -> Weight:
        """Return what the attempt weighs; UnboundedCost if that cannot be told from its body."""
        target, profile, family = attempt.target, attempt.call.profile, attempt.target.family
        if attempt.request.free:
            return Weight(0, Clamped(0, 0, told=False), counted=True, own=False)
        if target.per_call:
            return _a_call(price, profile)
        extra = _extra(attempt.request, profile)
        parts = parts_of(attempt.request)
        try:
            tokens = input_bound(parts, family)
        except Unbounded as error:
            raise UnboundedCost(f"{error}; leave them out, or have the policy name a maximum") from error
        most = target.capability.input_tokens_max
        context = most or tokens  # no model is billed for more than it can read
        tokens = min(tokens, context)
        ceiling = ceiling_of(
            wish,
            output_tokens_default=profile.output_tokens_default,
            output_tokens_max=profile.output_tokens_max,
            model_output_tokens_max=target.capability.output_tokens_max,
        )
        hosted = bound_of(attempt.request, profile, price) if attempt.request.tools or profile.hosted else None
        if hosted is not None:
            set_aside = extra + hosted.nano
            tokens = hosted.input_tokens(tokens, ceiling * wish.choices, most)
        else:
            set_aside = extra
        left = _without(await self._ledger.affordable(scopes, tenant=attempt.call.tenant.id), set_aside)
        if attempt.number > 1:
            left = _less(left, unwritten(attempt.call))
        lower = _lower(left, profile, set_aside)
        output = clamp(wish, ceiling, tokens, price, lower)
        counted = exactly or isinstance(output, Short) or output.output_tokens < ceiling
        if counted:
            tokens = min(context, input_counted(parts, family, await self._count(attempt.request, family)))
            if hosted is not None:
                tokens = hosted.input_tokens(tokens, ceiling * wish.choices, most)
            output = clamp(wish, ceiling, tokens, price, lower)
        own = isinstance(output, Short) and not isinstance(clamp(wish, ceiling, tokens, price, left), Short)
        return Weight(tokens, output, counted, own, extra, hosted)

    async def used(self, attempt: Attempt) -> Usage:
        """Count ourselves what went in and came out, for a reply without a report; by bytes without a vocabulary."""
        family = attempt.target.family
        came = "".join(attempt.output)
        if family.encoding is None:
            return Usage(attempt.hold.input_tokens, len(came.encode()))
        counted = input_counted(parts_of(attempt.request), family, await self._count(attempt.request, family))
        output_tokens = await self._tokens_of([came], family.encoding)
        return Usage(min(attempt.hold.input_tokens, counted), output_tokens)

    async def check(self, attempt: Attempt) -> Usage | None:
        """Count a reported reply ourselves; None where there is nothing to count with, or parts that nobody can.

        What the provider thought to itself is not seen here: it is taken from the report.
        """
        request, report = attempt.request, attempt.usage
        if (
            report is None
            or attempt.target.family.encoding is None
            or request.images
            or request.files
            or request.opaque_bytes
            or report.uses
        ):
            return None
        counted = await self.used(attempt)
        return msgspec.structs.replace(counted, output_tokens=counted.output_tokens + report.reasoning_tokens)

    async def _count(self, request: Request, family: Family) -> int:
        """Count the input's tokens; a family without a vocabulary keeps its bound."""
        if family.encoding is None:
            return 2**62
        texts = [text.value for text in request.texts]
        texts += [encode(tool.schema).decode() + tool.name for tool in request.tools]
        return _unread(request) + await self._tokens_of(texts, family.encoding)

    async def _tokens_of(self, texts: list[str], encoding: str) -> int:
        if self._counter.loaded(encoding) and sum(map(len, texts)) <= _COUNTED_HERE_CHARS_MAX:
            return self._counter.count(texts, encoding)
        return await asyncio.to_thread(self._counter.count, texts, encoding)


def unwritten(call: Call) -> dict[str, int]:
    """Return by dimension what this call's earlier attempts were charged and no record says yet: spent all the same."""
    charges = [entry for entry in call.entries if type(entry) is SettleEntry]
    inward, outward = sum(charge.input_tokens for charge in charges), sum(charge.output_tokens for charge in charges)
    return {
        "nano_usd": sum(charge.nano for charge in charges),
        "input_tokens": inward,
        "output_tokens": outward,
        "tokens": inward + outward,
    }


def _less(left: Affordable, spent: Mapping[str, int]) -> Affordable:
    return Affordable(
        max(0, left.nano - spent["nano_usd"]),
        max(0, left.input_tokens - spent["input_tokens"]),
        max(0, left.output_tokens - spent["output_tokens"]),
        max(0, left.tokens - spent["tokens"]),
    )


def _a_call(price: Price, profile: Profile) -> Weight:
    """Return the weight of what is priced by the call; BudgetExceeded if that is more than a call may cost."""
    nano, limit = price.bound(0, 0), profile.call_nano_usd
    if limit is not None and nano > limit:
        shown, needed = nano_to_usd(limit), nano_to_usd(nano)
        raise BudgetExceeded(
            f"one call of {price.model} costs ${needed}; profile {profile.name} allows ${shown} a call",
            param="call.usd",
            limit=shown,
            actual=needed,
        )
    return Weight(0, Clamped(0, 0, told=False), counted=True, own=False)


def parts_of(request: Request) -> Parts:
    """Return what the input is made of."""
    text_bytes = _unread(request)
    for text in request.texts:
        value = text.value
        text_bytes += len(value) if value.isascii() else len(value.encode())
    for tool in request.tools:
        text_bytes += len(encode(tool.schema)) + len(tool.name)
    return Parts(text_bytes, request.messages, len(request.tools), request.images)


def _unread(request: Request) -> int:
    """Return the bytes that are billed though they are no text of ours: no more tokens can come of them."""
    return request.opaque_bytes + request.frame_bytes


def _extra(request: Request, profile: Profile) -> int:
    """Return the nano-dollars to reserve for what the body does not tell; UnboundedCost if no policy names them."""
    names = list(request.unboundable)
    if request.files:
        names.append("files and audio in the input")
    if request.hosted_items and not profile.hosted:
        names.append("what tools at the provider found earlier")
    if not names:
        return 0
    if profile.unbounded_nano_usd is None:
        listed = ", ".join(names)[:200]
        raise UnboundedCost(
            f"what {listed} may cost is not in the body, and profile {profile.name} names no maximum for it "
            "(unbounded_usd); leave it out"
        )
    return profile.unbounded_nano_usd


def _without(left: Affordable, nano: int) -> Affordable:
    """Return what is left when so much of the money is set aside."""
    return left if not nano else msgspec.structs.replace(left, nano=max(0, left.nano - nano))


def _lower(left: Affordable, profile: Profile, extra: int) -> Affordable:
    """Lower what is left to the profile's own limits of one call."""
    nano, tokens = profile.call_nano_usd, profile.input_tokens_max
    return Affordable(
        left.nano if nano is None else min(left.nano, max(0, nano - extra)),
        left.input_tokens if tokens is None else min(left.input_tokens, tokens),
        left.output_tokens,
        left.tokens,
    )


def over_own_limit(profile: Profile, short: Short, tokens: int, nano: int) -> BudgetExceeded:
    """Word the refusal of a call that is too large for its profile, whatever is left elsewhere (`nano`: its cost)."""
    if short.dimension == "nano_usd":
        limit, needed = nano_to_usd(profile.call_nano_usd or 0), nano_to_usd(nano)
        return BudgetExceeded(
            f"this call needs at least ${needed}; profile {profile.name} allows ${limit} a call: "
            "shorten the input, lower the output limit or raise call.usd",
            param="call.usd",
            limit=limit,
            actual=needed,
        )
    return BudgetExceeded(
        f"the input is {tokens} tokens; profile {profile.name} allows {profile.input_tokens_max} a call: shorten it",
        param="call.input_tokens",
        limit=profile.input_tokens_max,
        actual=tokens,
    )
