"""Writes an answer to a client: paced, and with the faults of the script.

What was generated is billed even if it never arrives: a stream that breaks is billed for what it said until then.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import wire
from .bill import Bill
from .script import Fault
from .turn import Answer, Asked
from .wire import Connection

ABSURD = 1_000_000
RESET_AFTER_S = 0.02  # lets the kernel deliver what was written before the reset
ZEROS = bytes(1 << 20)


@dataclass(slots=True)
class Play:
    """One answer on its way; `first_s` before the first byte, `gap_s` between events."""

    connection: Connection
    dialect: ModuleType
    asked: Asked
    said: Answer
    bill: Bill
    key: str
    first_s: float
    gap_s: float
    fault: Fault | None

    def usage(self) -> dict[str, Any] | None:
        """Report the usage, as true as the fault lets it be."""
        kind = self.fault.kind if self.fault else None
        if kind == "no_usage":
            return None
        usage: dict[str, Any] = self.dialect.usage_of(self.said)
        if kind == "absurd_usage":
            usage = {name: value * ABSURD if isinstance(value, int) else value for name, value in usage.items()}
        return usage

    def charge(self, *, share: float = 1.0, complete: bool = True) -> None:
        """Bill it, or the share of it that was said before it broke."""
        said = self.said
        if self.asked.free:
            return
        self.bill.charge(
            said.id,
            self.key,
            said.model,
            prompt_tokens=said.prompt_tokens,
            completion_tokens=math.ceil(said.completion_tokens * share),
            cached_tokens=said.cached_tokens,
            complete=complete and share >= 1.0,
        )

    def at_once(self) -> None:
        """Write the whole answer in one go: no fault, no pace."""
        self.charge()
        if self.asked.stream:
            events = self.dialect.events(self.asked, self.said, self.usage())
            parts = [wire.STREAM_HEAD, *map(wire.chunk, events), wire.LAST_CHUNK]
            self.connection.transport.write(b"".join(parts))
        else:
            self.connection.transport.write(wire.ok(self.dialect.plain(self.asked, self.said, self.usage())))

    async def run(self) -> None:
        """Everything else."""
        fault = self.fault
        if fault is not None and fault.kind in ("status", "hang"):
            await self._unwilling(fault)
            return
        if self.first_s > 0:
            await self._think()
        if fault is not None and fault.kind == "lose_reply":
            self.charge()
            self.connection.abort()
        elif fault is not None and fault.kind == "gzip_bomb":
            await self._bomb(fault)
        elif self.asked.stream:
            await self._stream(fault)
        else:
            await self._plain(fault)

    async def _think(self) -> None:
        try:
            await asyncio.sleep(self.first_s)
        except asyncio.CancelledError:  # the client left; a provider works on and charges for it
            self.charge(share=0.0 if self.asked.stream else 1.0, complete=False)
            raise

    async def _unwilling(self, fault: Fault) -> None:
        if fault.kind == "hang":
            await asyncio.Event().wait()
        headers = {} if fault.retry_after_s is None else {"retry-after": f"{fault.retry_after_s:g}"}
        body = self.dialect.error(fault.status, "scripted fault") if fault.body is None else fault.body.encode()
        await self.connection.send(wire.reply(fault.status, body, headers))

    async def _bomb(self, fault: Fault) -> None:
        self.charge()
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
            for at in range(0, fault.size_bytes, len(ZEROS)):
                file.write(ZEROS[: fault.size_bytes - at])
        kind = "text/event-stream" if self.asked.stream else "application/json"
        await self.connection.send(
            wire.reply(200, packed.getvalue(), {"content-encoding": "gzip", "content-type": kind})
        )

    async def _plain(self, fault: Fault | None) -> None:
        self.charge()
        body = self.dialect.plain(self.asked, self.said, self.usage())
        kind = fault.kind if fault else None
        if kind == "huge_event" and fault:
            body = body[:-1] + b',"padding":"' + b"x" * fault.size_bytes + b'"}'
        elif kind == "broken_json":
            body = body[: len(body) // 2]
        whole = wire.ok(body)
        if kind == "reset":
            await self.connection.send(whole[: len(whole) - len(body) // 2])
            await asyncio.sleep(RESET_AFTER_S)
            self.connection.abort()
        elif kind == "trickle" and fault:
            await self._trickle(whole, fault.delay_s)
        else:
            await self.connection.send(whole)

    async def _trickle(self, whole: bytes, delay_s: float) -> None:
        for at in range(len(whole)):
            await self.connection.send(whole[at : at + 1])
            await asyncio.sleep(delay_s)

    async def _stream(self, fault: Fault | None) -> None:
        events = self.dialect.events(self.asked, self.said, self.usage())
        total, written, ends = len(events), 0, False
        events = self._spoilt(events, fault) if fault else events
        try:
            await self.connection.send(wire.STREAM_HEAD)
            for event in events:
                if self.gap_s and written:
                    await asyncio.sleep(self.gap_s)
                part = wire.chunk(event)
                if fault is not None and fault.kind == "trickle":
                    await self._trickle(part, fault.delay_s)
                else:
                    await self.connection.send(part)
                written += 1
            if fault is not None and fault.kind == "reset":
                await asyncio.sleep(RESET_AFTER_S)
                self.connection.abort()
            else:
                await self.connection.send(wire.LAST_CHUNK)
                ends = True
        finally:
            self.charge(share=1.0 if ends else min(1.0, written / total), complete=ends)

    def _spoilt(self, events: list[bytes], fault: Fault) -> list[bytes]:
        at = min(fault.after_events, len(events))
        before, after = events[:at], events[at:]
        if fault.kind == "reset":
            return before
        if fault.kind == "broken_sse":
            return [*before, b"\x00\xff not an event at all\n\n", *after]
        if fault.kind == "broken_json":
            return [*before, b'data: {"id": "cut", "choices": [{"del\n\n', *after]
        if fault.kind == "huge_event":
            return [*before, b'data: {"padding":"' + b"x" * fault.size_bytes + b'"}\n\n', *after]
        if fault.kind == "no_finish":
            return [event for event in events if not self.dialect.is_ending(event)]
        return events
