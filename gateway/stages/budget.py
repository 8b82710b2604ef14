"""Holds what the attempt may cost at most in every scope, lowers the output to what is affordable, settles.

A hold that does not fit because of other holds waits, fairly and for a bounded time, at its full output; one that
settled spend leaves no room for is refused. A retry's hold replaces its predecessor's: a call never waits for itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from zlib import crc32

import msgspec

from limits.clamp import Clamped, Short, Wish
from limits.clock import Clock
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.money import nano_to_usd
from limits.prices import FREE, Usage
from limits.refusals import Ended, Exceeded, Held
from limits.seam import Ledger
from limits.settlement import Ending as HowItEnded
from limits.settlement import Reserved, settle
from limits.windows import FOREVER

from ..call import Attempt, Call, Event, Reply
from ..dialects.hosted import limited
from ..errors import BudgetHeld, ClientLeft, Ending, RunEnded, UnboundedCost
from ..stage import AttemptStage
from ..verdicts import ending_of
from ..weighing import Weighing, Weight, over_own_limit, unwritten

_HOLD_SLACK_S = 60.0
_UNSEEN_TOKENS = 64
"""What a reply is billed for beside its texts: names of tools, its frame."""


def _nothing_reached(scopes: Sequence[str]) -> str | None:
    """Warn of nothing."""


class Budget(AttemptStage):
    """One hold an attempt. `warn` says of scopes which soft caps are reached."""

    def __init__(
        self,
        ledger: Ledger,
        weighing: Weighing,
        clock: Clock,
        warn: Callable[[Sequence[str]], str | None] = _nothing_reached,
    ) -> None:
        self._ledger = ledger
        self._weighing = weighing
        self._clock = clock
        self._warn = warn

    async def admit(self, attempt: Attempt) -> Reply | None:
        """Bound, clamp, hold; write model and limit into the attempt's own copy of the request."""
        call, target, request = attempt.call, attempt.target, attempt.request
        attempt.kept["price"] = FREE if request.free else target.price()
        self._refuse_suspended(attempt)
        can = target.capability
        wish = Wish(request.output_limit, request.thinking_budget or None, request.choices, can.reasoning, can.floor)
        weight = await self._weigh(attempt, wish)
        answer = await self._hold(attempt, wish, weight, wait=weight.counted)
        if isinstance(answer, Held) and not weight.counted:
            weight = await self._weigh(attempt, wish, exactly=True)
            answer = await self._hold(attempt, wish, weight, wait=True)
        if not isinstance(answer, HoldEntry):
            raise ending_of(answer)
        attempt.hold = answer
        attempt.kept["extra_nano"] = weight.extra_nano
        call.entries.append(answer)
        output = weight.output
        assert isinstance(output, Clamped)  # noqa: S101 - `_weigh` refused all else
        await self._tell(attempt, output, wish)
        attempt.request = call.dialect.members(
            request,
            model=target.target.model,
            limit_field=can.output_limit_field,
            output_tokens=output.output_tokens,
        )
        if weight.hosted is not None and weight.hosted.uses:
            attempt.kept["hosted"] = weight.hosted
            attempt.request = limited(attempt.request, call.dialect.name, weight.hosted.uses)
        if not can.usage_in_stream and "stream_options" in attempt.request.tree:
            attempt.request = attempt.request.with_members({"stream_options": None})
        return None

    def _refuse_suspended(self, attempt: Attempt) -> None:
        hold_id = self._ledger.marks.suspended.get(_bound_id(attempt))
        if hold_id is not None:
            raise UnboundedCost(
                f"{attempt.target.name} reported far more usage than a call could have had ({hold_id}); "
                "it is left alone until the operator confirms or refunds that charge"
            )

    async def _weigh(self, attempt: Attempt, wish: Wish, *, exactly: bool = False) -> Weight:
        """Return the attempt's weight, or refuse what is too heavy for its profile or for what is left."""
        price = attempt.kept["price"]
        weight = await self._weighing.weigh(attempt, wish, price, await self._scopes(attempt.call), exactly=exactly)
        short = weight.output
        if isinstance(short, Short):
            if not weight.own:
                raise await self._told_by_ledger(attempt, wish, weight, short)
            nano = weight.nano(price, short.needed * wish.choices)
            raise over_own_limit(attempt.call.profile, short, weight.input_tokens, nano)
        return weight

    async def _told_by_ledger(self, attempt: Attempt, wish: Wish, weight: Weight, short: Short) -> Ending:
        """Ask for the smallest useful call, to be told which scope has no room for it."""
        least = msgspec.structs.replace(weight, output=Clamped(short.needed, short.needed, told=False))
        answer = await self._hold(attempt, wish, least, wait=False)
        if isinstance(answer, HoldEntry):
            self._ledger.drop(answer.id)
            return BudgetHeld("what is left changed while this call was weighed; ask again", retry_after_s=1)
        if isinstance(answer, Held) and (spent := unwritten(attempt.call).get(answer.dimension)):
            used = answer.settled + spent  # what its own earlier attempts were charged is no one else's hold
            answer = Exceeded(answer.scope, answer.dimension, answer.window, answer.limit, used, answer.wanted)
        return ending_of(answer)

    async def _hold(
        self, attempt: Attempt, wish: Wish, weight: Weight, *, wait: bool
    ) -> HoldEntry | Held | Exceeded | Ended:
        call, output = attempt.call, weight.output
        assert isinstance(output, Clamped)  # noqa: S101 - `_weigh` refused all else
        output_tokens = output.reserve(wish)
        left_s = call.deadline_s - asyncio.get_running_loop().time()
        order = Order(
            attempt.id,
            await self._scopes(call),
            weight.nano(attempt.kept["price"], output_tokens),
            weight.input_tokens,
            output_tokens,
            self._clock.utc_us() + round((left_s + _HOLD_SLACK_S) * 1_000_000),
        )
        wait_s = min(left_s, call.profile.budget_wait_s) if wait else 0.0
        return await self._ledger.hold(
            order,
            tenant=call.tenant.id,
            run=call.run.id if call.run is not None else call.key.id,
            until_ns=self._clock.monotonic_ns() + round(wait_s * 1e9),
            replaces=call.attempts[-2].kept.get("settlement") if attempt.number > 1 else None,
        )

    async def _scopes(self, call: Call) -> tuple[str, ...]:
        scopes: tuple[str, ...] | None = call.kept.get("scopes")
        if scopes is None:
            seen = None if call.run is None else await self._ledger.look(call.run.id, tenant=call.tenant.id)
            runs, tags = () if seen is None else seen.path, call.kept.get("tag_scopes", ())
            scopes = call.kept["scopes"] = (*runs, call.key.scope, *tags, call.tenant.scope)
        return scopes

    async def _tell(self, attempt: Attempt, output: Clamped, wish: Wish) -> None:
        """Put into the headers what is reserved, lowered and left."""
        call, hold = attempt.call, attempt.hold
        call.headers["x-tollhouse-reserved-usd"] = nano_to_usd(hold.nano)
        if (warning := self._warn(hold.scopes)) is not None:
            call.headers["x-tollhouse-soft-cap"] = warning
        if output.told:
            attempt.clamped = True
            call.headers["x-tollhouse-clamped"] = str(output.output_tokens)
            call.decide("budget", "clamped", output_tokens=output.output_tokens, wanted=wish.output_tokens or 0)
        if call.run is not None:
            left = self._ledger.glance(tuple(s for s in hold.scopes if s.startswith("run:")))
            tokens = max(0, left.tokens - hold.input_tokens - hold.output_tokens)
            parts = [f"tokens={tokens}"] if left.tokens < FOREVER else []
            if left.nano < FOREVER:
                parts.append(f"usd={nano_to_usd(max(0, left.nano - hold.nano))}")
            call.headers["x-tollhouse-run-remaining"] = ", ".join(parts)

    def inspect(self, attempt: Attempt, event: Event) -> tuple[Event, ...]:
        """Meter: keep what came, to be counted if no report comes."""
        for part in event.parts:
            if not part.repeats:
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
        if attempt.tier is not None:
            attempt.kept["price"] = attempt.target.price(attempt.tier)
        if attempt.usage is not None and _is_checked(attempt, attempt.usage):
            attempt.kept["counted"] = await self._weighing.check(attempt)
        report = _priced(attempt)
        # Nobody but the provider knows what its tools read: without a report all that was held for them is charged.
        counts = report is None and attempt.usage is None and "hosted" not in attempt.kept
        attempt.charge = settle(
            Reserved(hold.nano, hold.input_tokens, hold.output_tokens),
            attempt.kept["price"],
            _ended(attempt),
            report=report,
            counted=await self._weighing.used(attempt) if counts else None,
            bound_id=_bound_id(attempt),
            charge_counted_when_left=call.profile.on_leave == "cancel",
        )
        extra = attempt.kept["extra_nano"]
        if extra and attempt.charge.mark in ("billed", "counted"):
            # Nobody reports what the unbounded part cost: all that was reserved for it is charged, and marked so.
            attempt.charge = msgspec.structs.replace(attempt.charge, nano=attempt.charge.nano + extra, mark="uncertain")
        entry = self._ledger.settle(hold.id, attempt.charge)
        if entry is not None:
            attempt.kept["settlement"] = entry
            call.entries.append(entry)


def _priced(attempt: Attempt) -> Usage | None:
    """Return the provider's report, unless it tells of uses that have no price: they cannot be settled by it."""
    usage = attempt.usage
    if usage is None or not usage.uses:
        return usage
    attempt.call.decide("budget", "hosted", **dict(usage.uses))
    return None if attempt.kept["price"].lacks(usage) else usage


def _bound_id(attempt: Attempt) -> str:
    return f"{attempt.target.name}:{attempt.target.family.name}"


def _is_checked(attempt: Attempt, usage: Usage) -> bool:
    """Say whether a report is counted after: one of so many by policy, and each that tells of more than was seen.

    A token covers a byte or more, so an output of more tokens than bytes cannot be what came.
    """
    every = attempt.call.profile.usage_check_every
    if attempt.target.per_call or attempt.request.free:
        return False
    if every and crc32(attempt.id.encode()) % every == 0:
        return True
    seen = sum(map(len, attempt.output))
    return usage.output_tokens - usage.reasoning_tokens > 4 * seen + _UNSEEN_TOKENS


def _ended(attempt: Attempt) -> HowItEnded:
    if attempt.complete:
        return "complete"
    if not attempt.sent:
        return "unbilled"
    return "left" if isinstance(attempt.call.cut_by, ClientLeft | RunEnded) else "lost"
