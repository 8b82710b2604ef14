"""Finds an answer: targets in their order, retries with back-off, fallback models, then a stored answer, labelled.

for each model (the asked one, then its fallbacks)
  for each target            skipped while its breaker is open
    attempt, retry …         only until the first event with content is there: afterwards a failure is final
stored answer                a configured text, for requests that a text can answer
"""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from random import Random

from limits.breaker import Blocked, Breaker, Outcome, Permit

from ..call import Attempt, Call, Event, Reply, reply_of
from ..catalogue import Catalogue, Model, Offer
from ..errors import DeadlineExceeded, Ending, UpstreamError, UpstreamRateLimited, UpstreamRejected, UpstreamUnavailable
from ..stage import CallStage
from ..tools.offers import Tool, ToolOffer, Tools
from ..upstream.failure import UpstreamFailure

_BATCHES_BEFORE_CONTENT_MAX = 64


class Route(CallStage):
    """The only stage that loops over attempts. What it may try again: failures of upstreams, nothing else."""

    def __init__(self, catalogue: Catalogue, tools: Tools, chance: Random) -> None:
        self._catalogue = catalogue
        self._tools = tools
        self._chance = chance

    async def admit(self, call: Call) -> Reply | None:
        """Return the first reply that comes, or raise the last failure."""
        last: Ending | None = None
        if not call.model.targets:  # a local function: having come this far is the answer
            return reply_of(self._own(call, ""))
        for model, target in self._places(call):
            permit = target.breaker.ask()
            if permit.probe:
                permit = await _claimed(call, target.breaker, permit)
            if isinstance(permit, Blocked):
                call.decide("route", "breaker_open", target=target.name)
                last = last or UpstreamUnavailable(
                    f"{target.name} failed too often and is left alone for {permit.wait_s:.0f} s; nothing stands in",
                    retry_after_s=permit.wait_s,
                )
                continue
            try:
                reply = await self._ask(call, model, target, permit)
            except UpstreamRejected:
                raise
            except (UpstreamError, UpstreamRateLimited, UpstreamUnavailable) as failure:
                if _may_have_happened(call, model):
                    raise
                last = failure
                continue
            if model is not call.model:
                call.decide("route", "fallback", model=model.name)
                reply.degraded = f"fallback:{model.name}"
            return reply
        stored = self._stored(call)
        if stored is not None:
            return stored
        raise last or UpstreamUnavailable("no target is configured for this model")

    def _places(self, call: Call) -> Iterator[tuple[Model | Tool, Offer | ToolOffer]]:
        names = (call.model.name, *call.model.fallbacks)
        shelf: Mapping[str, Model | Tool] = self._tools if call.is_for_tool else self._catalogue
        allows = (lambda name: not call.forbids_tool(name)) if call.is_for_tool else call.key.allows_model
        for name in names:
            model = call.model if name == call.model.name else shelf[name]
            if model is call.model or allows(name):
                for target in model.targets:
                    if call.dialect.name in target.target.dialects and call.pinned in (None, target.target.upstream):
                        yield model, target

    async def _ask(self, call: Call, model: Model | Tool, target: Offer | ToolOffer, permit: Permit) -> Reply:
        """Ask one target, again after a pause while that makes sense."""
        retry = 0
        while True:
            try:
                return await self._attempt(call, target, permit)
            except (UpstreamError, UpstreamRateLimited) as failure:
                cause = call.attempts[-1].kept.get("upstream_failure")
                retryable = not isinstance(cause, UpstreamFailure) or cause.retryable
                left_s = call.deadline_s - asyncio.get_running_loop().time()
                wait_s = model.backoff.wait_s(retry, left_s, self._chance, failure.retry_after_s)
                final = isinstance(failure, UpstreamRejected) or _may_have_happened(call, model)
                if final or not retryable or wait_s is None:
                    raise
            retry += 1
            call.decide("route", "retry", target=target.name, attempt=retry + 1)
            await asyncio.sleep(wait_s)
            again = target.breaker.ask()
            if again.probe:
                again = await _claimed(call, target.breaker, again)
            if isinstance(again, Blocked):
                raise UpstreamUnavailable(
                    f"{target.name} failed too often and is left alone for {again.wait_s:.0f} s",
                    retry_after_s=again.wait_s,
                )
            permit = again

    async def _attempt(self, call: Call, target: Offer | ToolOffer, permit: Permit) -> Reply:
        """Make one attempt and wait for its first event with content; the breaker is told of the outcome."""
        number = len(call.attempts)
        call.kept["permit"] = target.breaker, permit
        try:
            reply = await call.attempt(target)
            events = reply.batch or []
            batches = 0
            while reply.read is not None and batches < _BATCHES_BEFORE_CONTENT_MAX and not _has_content(call, events):
                batch = await reply.read()
                batches += 1
                if batch is None:
                    reply.read = None
                else:
                    events += batch
            reply.batch = events
        except Ending as ending:
            attempt = call.attempts[-1] if len(call.attempts) > number else None
            _report(call, _outcome(attempt, ending))
            raise
        return reply

    def _stored(self, call: Call) -> Reply | None:
        """Return the latest equal call's text or the configured one, unless the request needs tools, or JSON."""
        request, last_good = call.request, call.kept.get("last_good")
        text = last_good or (call.model.stored_answer if call.profile.stored else None)
        if text is None or request is None or request.tools or request.strict_format:
            return None
        call.decide("route", "last_good" if last_good else "stored_answer", model=call.model.name)
        return reply_of(self._own(call, text), degraded="stored")

    @staticmethod
    def _own(call: Call, text: str) -> list[Event]:
        request = call.request
        assert request is not None  # noqa: S101 - Guard set it
        return call.dialect.answer(
            request, text, reply_id=secrets.token_hex(12), created_s=call.started_us // 1_000_000
        )

    def settle(self, call: Call) -> None:
        """Tell the breaker how the last attempt ended, if it was not told already."""
        attempt = call.attempts[-1] if call.attempts else None
        _report(call, _outcome(attempt, attempt.failure if attempt is not None else None))


def _has_content(call: Call, events: list[Event]) -> bool:
    if call.is_for_tool and events:
        return True  # a tool's progress is told at once
    for event in events:
        if event.terminal:
            return True
        for part in event.parts:
            if part.text:
                return True
    return False


async def _claimed(call: Call, breaker: Breaker, permit: Permit | Blocked) -> Permit | Blocked:
    """Return the permit of a probe if no other process has it; a call that is cut meanwhile hands it back."""
    assert isinstance(permit, Permit)  # noqa: S101 - nobody who is blocked is the probe
    call.kept["permit"] = breaker, permit
    permit = await breaker.claim(permit)
    del call.kept["permit"]
    return permit


def _report(call: Call, outcome: Outcome) -> None:
    """Give the permit that is out back to its breaker, with its outcome."""
    breaker, permit = call.kept.pop("permit", (None, None))
    if breaker is not None:
        breaker.report(permit, outcome)


def _may_have_happened(call: Call, model: Model | Tool) -> bool:
    """Say whether the last attempt may have done what must not be done twice."""
    return not model.repeatable and bool(call.attempts) and call.attempts[-1].sent


def _outcome(attempt: Attempt | None, ending: Ending | None) -> Outcome:
    """Say what an attempt tells of its upstream: a client that left, our refusals and most 4xx tell nothing."""
    if attempt is None or isinstance(ending, UpstreamRejected):
        return "neutral"
    if isinstance(ending, UpstreamError | UpstreamRateLimited):
        return "failure"
    if isinstance(attempt.call.cut_by, DeadlineExceeded) and not attempt.heard_ns:
        return "failure"  # the whole deadline passed and nothing was heard
    return "success" if attempt.complete else "neutral"
