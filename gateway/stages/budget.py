"""Holds what the attempt may cost at most in every scope, lowers the output to what is affordable, settles.

The input is bounded by its bytes; only if that does not fit is it counted exactly. A hold that does not fit because of
other holds waits, fairly and for a bounded time; one that settled spend leaves no room for is refused.
"""

import asyncio

from limits.books import Affordable
from limits.bound import Family, Parts, Unbounded, input_bound, input_counted
from limits.clamp import Clamped, Short, Wish, ceiling_of, clamp
from limits.clock import Clock
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.money import nano_to_usd
from limits.prices import Usage
from limits.refusals import Ended, Exceeded, Held
from limits.seam import LocalLedger
from limits.settlement import Ending as HowItEnded
from limits.settlement import Reserved, settle
from limits.tokens import TokenCounter

from ..call import Attempt, Call, Event, Reply, Request
from ..dialects.strict import encode
from ..errors import BudgetExceeded, BudgetHeld, ClientLeft, Ending, UnboundedCost
from ..papers import Profile
from ..stage import AttemptStage
from ..verdicts import ending_of

_HOLD_SLACK_S = 60.0
_COUNTED_HERE_CHARS_MAX = 20_000


class Budget(AttemptStage):
    """One hold an attempt; a retry's replaces its predecessor's, so a call never waits for itself."""

    def __init__(self, ledger: LocalLedger, counter: TokenCounter, clock: Clock) -> None:
        self._ledger = ledger
        self._counter = counter
        self._clock = clock

    async def admit(self, attempt: Attempt) -> Reply | None:
        """Bound, clamp, hold; write model and limit into the attempt's own copy of the request."""
        call, target, request = attempt.call, attempt.target, attempt.request
        attempt.kept["price"] = price = target.price
        wish = Wish(request.output_limit, request.thinking_budget or None, request.choices, target.capability.reasoning)
        input_tokens, clamped = await self._fit(attempt, wish)
        if clamped.told:
            attempt.clamped = True
            call.headers["x-tollhouse-clamped"] = str(clamped.output_tokens)
            call.decide("budget", "clamped", output_tokens=clamped.output_tokens, wanted=wish.output_tokens or 0)
        order = self._order(
            attempt, price.bound(input_tokens, clamped.reserve(wish)), input_tokens, clamped.reserve(wish)
        )
        answer = await self._hold(attempt, order)
        if not isinstance(answer, HoldEntry):
            raise ending_of(answer)
        attempt.hold = answer
        call.entries.append(answer)
        call.headers["x-tollhouse-reserved-usd"] = nano_to_usd(order.nano)
        attempt.request = call.dialect.members(
            request,
            model=target.target.model,
            limit_field=target.capability.output_limit_field,
            output_tokens=clamped.output_tokens,
        )
        return None

    def _order(self, attempt: Attempt, nano: int, input_tokens: int, output_tokens: int) -> Order:
        left_s = attempt.call.deadline_s - asyncio.get_running_loop().time()
        expires_us = self._clock.utc_us() + round((left_s + _HOLD_SLACK_S) * 1_000_000)
        return Order(attempt.id, self._scopes(attempt.call), nano, input_tokens, output_tokens, expires_us)

    def _scopes(self, call: Call) -> tuple[str, ...]:
        scopes: tuple[str, ...] | None = call.kept.get("scopes")
        if scopes is None:
            runs = () if call.run is None else self._ledger.books.scopes_of(call.run.id)
            scopes = call.kept["scopes"] = (*runs, call.key.scope, call.tenant.scope)
        return scopes

    async def _fit(self, attempt: Attempt, wish: Wish) -> tuple[int, Clamped]:
        """Return the input's bound and the output that fits what is left; BudgetExceeded if nothing useful does."""
        call, target, profile = attempt.call, attempt.target, attempt.call.profile
        price, family = attempt.kept["price"], target.family
        parts = _parts(attempt.request)
        try:
            tokens = input_bound(parts, family)
        except Unbounded as error:
            raise UnboundedCost(f"{error}; leave them out, or have the policy name a maximum") from error
        ceiling = ceiling_of(
            wish,
            output_tokens_default=profile.output_tokens_default,
            output_tokens_max=profile.output_tokens_max,
            model_output_tokens_max=target.capability.output_tokens_max,
        )
        left = await self._ledger.affordable(self._scopes(call))
        own = _lower(left, profile)
        fitting = clamp(wish, ceiling, tokens, price, own)
        if isinstance(fitting, Short) or fitting.output_tokens < ceiling:
            counted = await self._count(attempt.request, family)
            tokens = input_counted(parts, family, counted)
            fitting = clamp(wish, ceiling, tokens, price, own)
        if isinstance(fitting, Short):
            if isinstance(clamp(wish, ceiling, tokens, price, left), Short):
                raise await self._told_by_ledger(attempt, fitting, tokens, wish.choices)
            raise _over_own_limit(profile, fitting, tokens, price.bound(tokens, fitting.needed * wish.choices))
        return tokens, fitting

    async def _count(self, request: Request, family: Family) -> int:
        """Count the input exactly; in a thread if that takes long. A family without a vocabulary keeps its bound."""
        if family.encoding is None:
            return 2**62
        texts = [text.value for text in request.texts]
        texts += [encode(tool.schema).decode() + tool.name for tool in request.tools]
        return await self._tokens_of(texts, family.encoding)

    async def _tokens_of(self, texts: list[str], encoding: str) -> int:
        if self._counter.loaded(encoding) and sum(map(len, texts)) <= _COUNTED_HERE_CHARS_MAX:
            return self._counter.count(texts, encoding)
        return await asyncio.to_thread(self._counter.count, texts, encoding)

    async def _told_by_ledger(self, attempt: Attempt, short: Short, tokens: int, choices: int) -> Ending:
        """Ask for the smallest useful call, to be told which scope has no room for it."""
        output = short.needed * choices
        order = self._order(attempt, attempt.kept["price"].bound(tokens, output), tokens, output)
        answer = await self._hold(attempt, order)
        if isinstance(answer, HoldEntry):
            self._ledger.drop(answer.id)
            return BudgetHeld("what is left changed while this call was weighed; ask again", retry_after_s=1)
        return ending_of(answer)

    async def _hold(self, attempt: Attempt, order: Order) -> HoldEntry | Held | Exceeded | Ended:
        call = attempt.call
        left_s = call.deadline_s - asyncio.get_running_loop().time()
        wait_s = min(left_s, call.profile.budget_wait_s)
        return await self._ledger.hold(
            order,
            tenant=call.tenant.id,
            run=call.run.id if call.run is not None else call.key.id,
            until_ns=self._clock.monotonic_ns() + round(wait_s * 1e9),
            replaces=call.attempts[-2].kept.get("settlement") if attempt.number > 1 else None,
        )

    def inspect(self, attempt: Attempt, event: Event) -> tuple[Event, ...]:
        """Meter: keep what came, to be counted if no report comes."""
        for part in event.parts:
            attempt.output.append(part.text)
        return (event,)

    async def settle(self, attempt: Attempt) -> None:
        """Make the settlement; it travels in the call's next record, and the balance falls when that is durable."""
        hold, call = attempt.hold, attempt.call
        if hold is None:
            return
        if not attempt.kept.get("intended"):
            if hold in call.entries:
                call.entries.remove(hold)
            self._ledger.drop(hold.id)
            attempt.hold = None
            return
        family = attempt.target.family
        counted = None if attempt.usage is not None else await self._counted(attempt, family)
        attempt.charge = settle(
            Reserved(hold.nano, hold.input_tokens, hold.output_tokens),
            attempt.kept["price"],
            _ended(attempt),
            report=attempt.usage,
            counted=counted,
            bound_id=f"{attempt.target.name}:{family.name}",
            charge_counted_when_left=call.profile.on_leave == "cancel",
        )
        entry = self._ledger.settle(hold.id, attempt.charge)
        if entry is not None:
            attempt.kept["settlement"] = entry
            call.entries.append(entry)

    async def _counted(self, attempt: Attempt, family: Family) -> Usage:
        """Count ourselves what went in and came out; a family whose vocabulary we lack by the bytes."""
        came = "".join(attempt.output)
        if family.encoding is None:
            return Usage(attempt.hold.input_tokens, len(came.encode()))
        counted = await self._count(attempt.request, family)
        input_tokens = min(attempt.hold.input_tokens, input_counted(_parts(attempt.request), family, counted))
        return Usage(input_tokens, await self._tokens_of([came], family.encoding))


def _ended(attempt: Attempt) -> HowItEnded:
    if attempt.complete:
        return "complete"
    if not attempt.sent:
        return "unbilled"
    return "left" if isinstance(attempt.call.cut_by, ClientLeft) else "lost"


def _parts(request: Request) -> Parts:
    names = (*request.unboundable, *(tool.name for tool in request.tools if tool.hosted))
    if names:
        listed = ", ".join(names)[:200]
        raise UnboundedCost(f"what {listed} may cost is not in the body, and no policy names a maximum for it")
    if request.files:
        raise UnboundedCost("the cost of files and audio in the input has no known maximum; leave them out")
    text_bytes = 0
    for text in request.texts:
        value = text.value
        text_bytes += len(value) if value.isascii() else len(value.encode())
    for tool in request.tools:
        text_bytes += len(encode(tool.schema)) + len(tool.name)
    return Parts(text_bytes, request.messages, len(request.tools), request.images)


def _lower(left: Affordable, profile: Profile) -> Affordable:
    """Lower what is left to the profile's own limits of one call."""
    nano, tokens = profile.call_nano_usd, profile.input_tokens_max
    return Affordable(
        left.nano if nano is None else min(left.nano, nano),
        left.input_tokens if tokens is None else min(left.input_tokens, tokens),
        left.output_tokens,
        left.tokens,
    )


def _over_own_limit(profile: Profile, short: Short, tokens: int, nano: int) -> BudgetExceeded:
    """Word the refusal of a call that is too large for its profile, whatever is left elsewhere."""
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
