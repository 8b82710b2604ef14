"""Sends to the upstream and reads its reply, plain or as a stream, within the configured bounds.

After every choice has ended the stream is read on to its end for `usage_wait_s` at most, because the usage report comes
last; none by then is no report.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from limits.clock import Clock

from ..aliases import Aliases, Fresh
from ..call import Attempt, Event, Reply, reply_of
from ..dialects.seam import ReplyReader
from ..errors import Ending, RequestRejected, UpstreamError, UpstreamRateLimited, UpstreamRejected
from ..stage import AttemptStage
from ..traces import Traces
from ..upstream.failure import REDIRECT, UpstreamFailure, failure_of
from ..upstream.interface import UpstreamReply
from ..upstream.rejection import rejection_of
from ..upstream.sse import SseParser, SseTooLargeError

_ERROR_BYTES_MAX = 65_536
_OUR_FAULT = frozenset({401, 403, 404})
_REJECTED = frozenset({400, 413, 422})
_NOT_FOUND = 404


class Send(AttemptStage):
    """Bounds: bytes of a reply, bytes of one event. `aliases` stand for tool calls' ids that are weak."""

    def __init__(
        self,
        clock: Clock,
        aliases: Aliases,
        traces: Traces | None = None,
        *,
        reply_bytes_max: int,
        event_bytes_max: int,
    ) -> None:
        self._clock = clock
        self._aliases = aliases
        self._traces = traces
        self._reply_bytes_max = reply_bytes_max
        self._event_bytes_max = event_bytes_max

    async def admit(self, attempt: Attempt) -> Reply | None:
        """Send, and return the reply: read whole if plain, else read as it is asked for."""
        target, call = attempt.target, attempt.call
        fresh = None
        if target.capability.ids == "weak" and not call.is_for_tool:
            if attempt.request.tools:  # a call of a tool that was not offered is never released
                fresh = attempt.kept["fresh"] = Fresh()
            if attempt.request.calls or attempt.request.results:
                attempt.request = self._aliases.up(call.key, attempt.request)
        request = target.request(attempt)
        reader = call.dialect.reader(attempt.request, fresh)
        attempt.sent = True
        attempt.started_ns = self._clock.monotonic_ns()
        if self._traces is not None:
            request = self._traces.passed_on(attempt, request)
        try:
            reply = await target.client.send(request)
            attempt.upstream = reply
            attempt.status = reply.status
            failure = None if reply.status < REDIRECT else failure_of(reply.status, reply.header("retry-after"))
            if failure is not None and not target.takes(reply.status):
                with contextlib.suppress(UpstreamFailure):  # its status says enough, whatever becomes of its body
                    attempt.kept["error_body"] = await reply.read(_ERROR_BYTES_MAX)
                raise failure
            if not attempt.request.stream:
                body = await reply.read(min(self._reply_bytes_max, target.reply_bytes_max))
                event = reader.plain(target.read(attempt, reply, body))
                attempt.usage, attempt.tier, attempt.mints, attempt.complete = (
                    event.usage,
                    event.tier,
                    event.mints,
                    True,
                )
                self.heard(attempt)
                return reply_of([event])
            if not (reply.header("content-type") or "").startswith("text/event-stream"):
                raise UpstreamError("the upstream did not answer with an event stream as it was asked to")
        except UpstreamFailure as failure:
            raise self._ending(attempt, failure) from failure
        return Reply(_Stream(self, attempt, reply, reader).read)

    @staticmethod
    def _ending(attempt: Attempt, failure: UpstreamFailure) -> Ending:
        attempt.sent = failure.sent
        attempt.kept["upstream_failure"] = failure
        name = attempt.target.name
        if failure.status == 429:  # noqa: PLR2004
            return UpstreamRateLimited(
                f"{name} limits its rate, and retries are used up", retry_after_s=failure.retry_after_s
            )
        call = attempt.call
        missing = failure.status == _NOT_FOUND and call.is_for_object
        if missing or (failure.status in _REJECTED and not call.is_for_tool):
            return _rejected(attempt, failure.status or 400)
        if failure.status in _REJECTED:
            return UpstreamRejected(
                f"{name} refused the request with status {failure.status}; repeating it cannot help"
            )
        if failure.status in _OUR_FAULT:
            return UpstreamError(f"{name} said {failure.status}: check its address, model and credential")
        return UpstreamError(f"{name} failed: {failure.cause} ({failure.phase})", retry_after_s=failure.retry_after_s)

    def settle(self, attempt: Attempt) -> None:
        """Close the connection if the reply was not read to its end (harmless if it was)."""
        if attempt.upstream is not None:
            attempt.upstream.abort()

    def heard(self, attempt: Attempt) -> None:
        """Note that the upstream was heard of just now."""
        attempt.heard_ns = self._clock.monotonic_ns()
        attempt.first_event_ns = attempt.first_event_ns or attempt.heard_ns

    def parser(self) -> SseParser:
        """Return a parser for one stream."""
        return SseParser(self._event_bytes_max)

    def chunks(self, reply: UpstreamReply) -> AsyncIterator[bytes]:
        """Return a stream's bytes as they arrive."""
        return reply.chunks(self._reply_bytes_max)

    def ending(self, attempt: Attempt, failure: UpstreamFailure) -> Ending:
        """Return the ending for a failure within a stream."""
        return self._ending(attempt, failure)


def _rejected(attempt: Attempt, status: int) -> RequestRejected:
    """Return a provider's refusal in its own words; ours stand in the book, where no text of others does."""
    said = rejection_of(attempt.kept.get("error_body", b""), attempt.target.target.secret)
    words = said.message or f"{attempt.target.name} refused the request with status {status} and said no more"
    ending = RequestRejected(words)
    ending.status = status
    ending.told = {name: value for name, value in (("code", said.code), ("param", said.param)) if value is not None}
    return ending


class _Stream:
    """One stream being read: chunks of bytes in, batches of events out."""

    __slots__ = ("_attempt", "_chunks", "_parser", "_reader", "_stage", "_until_s", "_wait_s")

    def __init__(self, stage: Send, attempt: Attempt, reply: UpstreamReply, reader: ReplyReader) -> None:
        self._stage = stage
        self._attempt = attempt
        self._reader = reader
        self._chunks = stage.chunks(reply)
        self._parser = stage.parser()
        self._wait_s: float = attempt.call.profile.usage_wait_s
        self._until_s: float | None = None

    async def read(self) -> list[Event] | None:
        """Return the next batch, None at the end; UpstreamError if the stream breaks or ends before its choices do."""
        attempt = self._attempt
        while True:
            try:
                if self._reader.finished:
                    chunk = await self._last()
                else:
                    chunk = await anext(self._chunks, None)
                if chunk is None:
                    break
                self._stage.heard(attempt)
                payloads = self._parser.feed(chunk)
            except UpstreamFailure as failure:
                if self._reader.finished:
                    break
                raise self._stage.ending(attempt, failure) from failure
            except SseTooLargeError as error:
                if self._reader.finished:
                    break
                raise UpstreamError(f"the upstream's stream cannot be read: {error}") from error
            if payloads:
                events = self._reader.feed(payloads)
                if self._reader.finished:  # a report before the end is not yet what will be billed
                    for event in events:
                        attempt.usage, attempt.tier = event.usage or attempt.usage, event.tier or attempt.tier
                        attempt.mints = event.mints or attempt.mints
                return events
        if not self._reader.finished:
            raise UpstreamError("the upstream's stream ended before its answer did")
        attempt.complete = True
        return None

    async def _last(self) -> bytes | None:
        """Return what still comes after the last choice has ended, None at the end or when the wait is over."""
        loop = asyncio.get_running_loop()
        if self._until_s is None:
            self._until_s = loop.time() + self._wait_s
        try:
            async with asyncio.timeout_at(self._until_s):
                return await anext(self._chunks, None)
        except TimeoutError:
            return None
