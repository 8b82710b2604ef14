"""Requests and tokens a minute, and calls at once, for each key: GCRA (see `limits.rates`).

The token rate takes the request's bytes as tokens, an upper bound; what was not used is given back at the end.
"""

from limits.rates import Concurrency, Rate, RateAnswer

from ..call import Call, Reply
from ..errors import RateLimitExceeded
from ..stage import CallStage


class Throttle(CallStage):
    """One rate of requests, one of tokens, one count of calls under way, all by key.

    `tenant_calls_max` bounds the calls that one tenant's keys have under way: room is left for the others.
    """

    def __init__(self, requests: Rate, tokens: Rate, under_way: Concurrency, *, tenant_calls_max: int) -> None:
        self._requests = requests
        self._tokens = tokens
        self._under_way = under_way
        self._tenants = Concurrency()
        self._tenant_calls_max = tenant_calls_max

    def admit(self, call: Call) -> Reply | None:
        """Let the call in, or say when to come again."""
        profile, key = call.profile, call.key.id
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
        if not self._under_way.enter(key, profile.concurrency):
            raise RateLimitExceeded(
                f"key {key} has {profile.concurrency} calls under way, which is all that profile {profile.name} allows",
                param="rates.concurrency",
                retry_after_s=1,
                limit=profile.concurrency,
                actual=profile.concurrency,
            )
        call.kept["throttle"] = key
        if profile.requests_per_minute is not None:
            answer = self._requests.take(key, profile.requests_per_minute)
            self._judge(call, answer, "requests", 1)
        if call.is_for_tool:
            self._tool(call)
        elif profile.tokens_per_minute is not None:
            weight = min(_weight(call), profile.tokens_per_minute)
            answer = self._tokens.take(key, profile.tokens_per_minute, weight)
            self._judge(call, answer, "tokens", weight)
            call.kept["throttled_tokens"] = weight
        return None

    def _tool(self, call: Call) -> None:
        """Take a tool's own rate, which its tenant's keys share."""
        limit = call.model.requests_per_minute
        if limit is None:
            return
        answer = self._requests.take(f"{call.model.label}\0{call.tenant.id}", limit)
        if not answer.ok:
            raise RateLimitExceeded(
                f"tenant {call.tenant.id} may call {call.model.name} {limit} times a minute",
                param=f"tools.{call.model.name}.requests_per_minute",
                retry_after_s=answer.wait_s,
                limit=limit,
                actual=limit - answer.remaining,
            )

    def _judge(self, call: Call, answer: RateAnswer, what: str, weight: int) -> None:
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

    def settle(self, call: Call) -> None:
        """Let the call out, and give back the tokens it did not use."""
        tenant = call.kept.get("throttle_tenant")
        if tenant is not None:
            self._tenants.leave(tenant)
        key = call.kept.get("throttle")
        if key is None:
            return
        self._under_way.leave(key)
        taken = call.kept.get("throttled_tokens")
        if taken is not None:
            used = sum(
                attempt.charge.input_tokens + attempt.charge.output_tokens
                for attempt in call.attempts
                if attempt.charge is not None
            )
            if used < taken:
                self._tokens.give_back(key, call.profile.tokens_per_minute, taken - used)


def _weight(call: Call) -> int:
    request = call.clear
    if request is None:
        return 0
    return sum(len(text.value) if text.value.isascii() else len(text.value.encode()) for text in request.texts)
