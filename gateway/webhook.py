"""Tells a webhook of approvals, in the background: bounded in messages, attempts and time; a call never waits for it.

Each message is a POST of JSON with ids and masked arguments, signed if a secret is configured (`gateway.signature`).
What cannot be delivered is logged and counted, and given up: who decides finds all open questions at `GET
/v1/approvals`.
"""

import asyncio
import contextlib
import logging
import secrets
from random import Random
from typing import Any

import orjson

from limits.backoff import Backoff
from limits.clock import Clock

from .config.approvals import WebhookSettings
from .signature import signed, signing_key
from .upstream.egress import Egress
from .upstream.failure import UpstreamFailure, failure_of
from .upstream.interface import Timeouts, UpstreamRequest
from .upstream.pool import PoolUpstream

log = logging.getLogger("tollhouse.webhook")

_TIMEOUTS = Timeouts(connect_s=5, first_byte_s=10, idle_s=5, total_s=15)
_ANSWER_BYTES_MAX = 65_536
_LEFT_S = 600.0


class Webhook:
    """One address that is told. `start` it in the loop, `stop` it at the end."""

    def __init__(self, settings: WebhookSettings, clock: Clock, chance: Random, *, first_s: float = 0.5) -> None:
        self._url = settings.url
        self._key = None if settings.secret is None else signing_key(settings.secret.reveal())
        self._clock = clock
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(settings.queue_max)
        self._client = PoolUpstream(egress=Egress(settings.private_networks), connections_max=4)
        self._backoff = Backoff(retries_max=settings.attempts_max - 1, first_s=first_s, wait_s_max=60)
        self._chance = chance
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message; if too many wait it is dropped."""
        try:
            self._queue.put_nowait((f"msg_{secrets.token_hex(10)}", orjson.dumps(message)))
        except asyncio.QueueFull:
            self.dropped += 1
            log.warning("a message to the approvals' webhook was dropped: %d wait", self._queue.qsize())

    def start(self) -> None:
        """Begin to deliver."""
        self._task = asyncio.get_running_loop().create_task(self._deliver())

    async def stop(self) -> None:
        """End; what still waits is not delivered."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._client.close()

    async def _deliver(self) -> None:
        while True:
            message = await self._queue.get()
            retry = 0
            while (failure := await self._send(*message)) is not None:
                wait_s = self._backoff.wait_s(retry, _LEFT_S, self._chance, failure.retry_after_s)
                if wait_s is None or not failure.retryable:
                    self.dropped += 1
                    log.warning("a message to the approvals' webhook was not delivered: %s", failure)
                    break
                retry += 1
                await asyncio.sleep(wait_s)

    async def _send(self, message_id: str, body: bytes) -> UpstreamFailure | None:
        headers = [("content-type", "application/json"), ("user-agent", "tollhouse")]
        headers += signed(self._key, message_id, body, self._clock.utc_us()).items()
        try:
            reply = await self._client.send(UpstreamRequest("POST", self._url, headers, body, _TIMEOUTS))
            with contextlib.suppress(UpstreamFailure):
                await reply.read(_ANSWER_BYTES_MAX)
            return failure_of(reply.status, reply.header("retry-after"))
        except UpstreamFailure as failure:
            return failure
