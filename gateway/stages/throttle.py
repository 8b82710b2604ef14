"""Requests and tokens a minute, and calls at once, for each key: GCRA (see `limits.rates`).

The token rate takes the request's bytes as tokens, an upper bound; what was not used is given back at the end.
Processes that share a Redis share all three; while it does not answer, each counts for itself.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol

from limits.rates import Concurrency, Entered, Rate, RateAnswer, Wanted

from ..call import Call, Reply
from ..errors import RateLimitExceeded
from ..stage import CallStage


class Shared(Protocol):
    """Rates and places that several processes share: `limits.redis.rates.SharedRates`."""

    async def enter(
        self, call: str, tenant: str, place: tuple[str, int], wanted: Sequence[Wanted], left_s: float
    ) -> Entered | None:
        """Let a call in or take nothing; None if nobody answers."""
        ...

    def leave(self, call: str, tenant: str, place: str, unused: Wanted | None = None) -> None:
        """Let it out."""
        ...


class Throttle(CallStage):
    """One rate of requests, one of tokens, one count of calls under way, all by key.

    `tenant_calls_max` bounds the calls that one tenant's keys have under way in this process: others find room.
    """

    def __init__(
        self,
        requests: Rate,
        tokens: Rate,
        under_way: Concurrency,
        *,
        tenant_calls_max: int,
        shared: Shared | None = None,
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._under_way = under_way
        self._tenants = Concurrency()
        self._tenant_calls_max = tenant_calls_max
        self._shared = shared

    def admit(self, call: Call) -> Awaitable[Reply | None] | None:
        """Let the call in, or say when to come again."""
        if not self._tenants.enter(call.tenant.id, self._tenant_calls_max):
            raise RateLimitExceeded(
                f"tenant {call.tenant.id} has {self._tenant_calls_max} calls under way, which is all that one tenant "
                "may have here (bounds.tenant_calls_max)",
                param="bounds.tenant_calls_max",
                retry_after_s=1,
                limit=self._tenant_calls_max,
                actual=self._tenant_calls_max,
            )
        call.kept["throttle_tenant"] = call.tenant.id
        if self._shared is not None:
            return self._admit_shared(call, self._shared)
        self._admit_here(call)
        return None

    def _admit_here(self, call: Call) -> None:
        profile, key = call.profile, call.key.id
        if not self._under_way.enter(key, profile.concurrency):
            raise _full(call)
        call.kept["throttle"] = key
        requests = None
        if profile.requests_per_minute is not None:
            requests = self._requests.take(key, profile.requests_per_minute)
            _judge(call, requests, "requests", 1)
        if call.is_for_tool:
            limit = call.model.requests_per_minute
            if limit is not None:
                _judge_tool(call, self._requests.take(_tool_key(call), limit))
        elif profile.tokens_per_minute is not None:
            weight = min(_weight(call), profile.tokens_per_minute)
            answer = self._tokens.take(key, profile.tokens_per_minute, weight)
            if requests is not None and not answer.ok:
                self._requests.give_back(key, requests.limit, 1)  # all of it, or nothing
                call.headers["x-ratelimit-remaining-requests"] = str(requests.remaining + 1)
            _judge(call, answer, "tokens", weight)
            call.kept["throttled_tokens"] = weight

    async def _admit_shared(self, call: Call, shared: Shared) -> None:
        profile, key = call.profile, call.key.id
        wanted, tool_limit = {}, None
        if profile.requests_per_minute is not None:
            wanted["requests"] = Wanted(f"q:{key}", profile.requests_per_minute)
        if call.is_for_tool:
            tool_limit = call.model.requests_per_minute
            if tool_limit is not None:
                wanted["tool"] = Wanted(f"x:{call.model.name}", tool_limit)
        elif profile.tokens_per_minute is not None:
            weight = min(_weight(call), profile.tokens_per_minute)
            wanted["tokens"] = Wanted(f"t:{key}", profile.tokens_per_minute, weight)
        call.kept["throttle_shared"] = key  # whoever leaves while this waits leaves its place too
        left_s = call.deadline_s - asyncio.get_running_loop().time()
        place = key, profile.concurrency
        entered = await shared.enter(call.id, call.tenant.id, place, tuple(wanted.values()), left_s)
        if entered is None:
            del call.kept["throttle_shared"]
            self._admit_here(call)
            return
        if not entered.has_place:
            raise _full(call)
        answers = dict(zip(wanted, entered.rates, strict=True))
        for what, answer in sorted(answers.items(), key=lambda each: not each[1].ok):
            if what == "tool":
                _judge_tool(call, answer)
            else:
                _judge(call, answer, what, wanted[what].weight)
        if "tokens" in wanted:
            call.kept["throttled_tokens"] = wanted["tokens"].weight

    def settle(self, call: Call) -> None:
        """Let the call out, and give back the tokens it did not use."""
        tenant = call.kept.get("throttle_tenant")
        if tenant is not None:
            self._tenants.leave(tenant)
        key = call.kept.get("throttle")
        if key is not None:
            self._under_way.leave(key)
            if unused := _unused(call):
                self._tokens.give_back(key, call.profile.tokens_per_minute or 1, unused)
        key = call.kept.get("throttle_shared")
        if key is not None and self._shared is not None:
            limit, unused = call.profile.tokens_per_minute, _unused(call)
            back = Wanted(f"t:{key}", limit, unused) if limit is not None and unused else None
            self._shared.leave(call.id, call.tenant.id, key, back)


def _full(call: Call) -> RateLimitExceeded:
    allowed = call.profile.concurrency
    return RateLimitExceeded(
        f"key {call.key.id} has {allowed} calls under way, which is all that profile {call.profile.name} allows",
        param="rates.concurrency",
        retry_after_s=1,
        limit=allowed,
        actual=allowed,
    )


def _tool_key(call: Call) -> str:
    """Return the name of a tool's own rate, which its tenant's keys share."""
    return f"{call.model.label}\0{call.tenant.id}"


def _judge_tool(call: Call, answer: RateAnswer) -> None:
    if not answer.ok:
        raise RateLimitExceeded(
            f"tenant {call.tenant.id} may call {call.model.name} {answer.limit} times a minute",
            param=f"tools.{call.model.name}.requests_per_minute",
            retry_after_s=answer.wait_s,
            limit=answer.limit,
            actual=answer.limit - answer.remaining,
        )


def _judge(call: Call, answer: RateAnswer, what: str, weight: int) -> None:
    call.headers[f"x-ratelimit-limit-{what}"] = str(answer.limit)
    call.headers[f"x-ratelimit-remaining-{what}"] = str(answer.remaining)
    call.headers[f"x-ratelimit-reset-{what}"] = f"{answer.reset_s:.3f}s"
    if not answer.ok:
        raise RateLimitExceeded(
            f"key {call.key.id} may use {answer.limit} {what} a minute; {answer.remaining} are left, "
            f"this call needs {weight}",
            param=f"rates.{what}_per_minute",
            retry_after_s=answer.wait_s,
            limit=answer.limit,
            actual=answer.limit - answer.remaining,
        )


def _unused(call: Call) -> int:
    """Return how many of the tokens that were taken no attempt was charged for."""
    taken: int = call.kept.get("throttled_tokens", 0)
    charges = [attempt.charge for attempt in call.attempts if attempt.charge is not None]
    used: int = sum(charge.input_tokens + charge.output_tokens for charge in charges)
    return max(0, taken - used)


def _weight(call: Call) -> int:
    request = call.clear
    if request is None:
        return 0
    return sum(len(text.value) if text.value.isascii() else len(text.value.encode()) for text in request.texts)
