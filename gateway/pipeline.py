"""Runs a call through the two lists of `gateway.life`; every call ends here, whatever happens.

    admit CALL ──> Route ──> attempt: admit ATTEMPT ──> Send
      relay: each event inspected up both lists, released to the client; terminal events held
    settle ATTEMPT, settle CALL (the outcome becomes durable) ──> held events or the error go out

One life is one task, owned by the application. `Call.cut` is the only thing that interrupts it, and only while it is
admitting or relaying: the settlement that follows is never cut.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from .answer import Answer
from .call import Attempt, Call, Event, Reply
from .errors import Ending, InternalError
from .stage import AskAgain, AttemptStage, CallStage

log = logging.getLogger("tollhouse.pipeline")

InspectBatch = Callable[[Call, list[Event]], list[Event]]


class Pipeline:
    """The two lists, made ready: what a stage does not override is left out.

    `again_from` names the stage at which a call that asks again begins anew, `again_without` the one it leaves out. A
    client that does not take the end of its answer within `answer_s_max` is left behind: all is settled by then.
    """

    def __init__(
        self,
        call_stages: Sequence[CallStage],
        attempt_stages: Sequence[AttemptStage],
        *,
        again_from: type[CallStage],
        again_without: tuple[type[CallStage], ...] = (),
        answer_s_max: float = 20.0,
    ) -> None:
        self._answer_s_max = answer_s_max
        self.call_stages = tuple(call_stages)
        self.attempt_stages = tuple(attempt_stages)
        self._admits = [stage.admit for stage in self.call_stages]
        self._inspects: list[tuple[int, InspectBatch]] = [
            (at, stage.inspect_batch)
            for at, stage in enumerate(self.call_stages)
            if type(stage).inspect is not CallStage.inspect
        ]
        self._inspects.reverse()
        self._attempt_inspects = [
            stage.inspect for stage in reversed(self.attempt_stages) if type(stage).inspect is not AttemptStage.inspect
        ]
        kinds = [type(stage) for stage in self.call_stages]
        self._again_from = kinds.index(again_from)
        self._again_without = frozenset(kinds.index(kind) for kind in again_without)

    async def live(self, call: Call, answer: Answer) -> None:
        """Live one call's life to its end; returns when the client has its answer or has left."""
        call.attempt = lambda target: self._attempt(call, target)
        begun: list[int] = []
        held: list[Event] = []
        try:
            await self._exchange(call, answer, begun, held)
        except Ending as ending:
            call.ending = ending
        except asyncio.CancelledError:
            if call.cut_by is None or call.task is None:
                raise  # not ours: the loop ends, the hold stays pending and expires
            call.task.uncancel()
            call.ending = call.cut_by
        except Exception as broken:
            log.exception("call %s broke", call.id)
            call.ending = _internal(broken)
        task, call.task = call.task, None
        await self._settle(call, begun)
        late = asyncio.get_running_loop().call_later(self._answer_s_max, task.cancel) if task is not None else None
        if call.ending is None:
            await answer.complete(call, held)
        else:
            await answer.fail(call, call.ending)
        if late is not None:
            late.cancel()

    async def _exchange(self, call: Call, answer: Answer, begun: list[int], held: list[Event]) -> None:
        top, reply = await self._admit(call, 0, frozenset(), begun)
        try:
            await self._relay(call, answer, reply, top, held)
        except AskAgain as wish:
            if call.asked_again or call.released:
                raise InternalError("a stage asked again after the answer had begun") from None
            call.asked_again = True
            await self._settle_attempts(call)
            held.clear()
            assert call.clear is not None  # noqa: S101 - Read set it, or nothing was relayed
            call.clear = call.dialect.ask_again(call.clear, wish.answer, wish.message)
            top, reply = await self._admit(call, self._again_from, self._again_without, begun)
            await self._relay(call, answer, reply, top, held)

    async def _admit(self, call: Call, start: int, without: frozenset[int], begun: list[int]) -> tuple[int, Reply]:
        """Admit down the list; return the reply and the place of the stage that gave it."""
        for at in range(start, len(self._admits)):
            if at in without:
                continue
            if at not in begun:
                begun.append(at)
            reply = await self._admits[at](call)
            if reply is not None:
                call.reply = reply
                if reply.degraded:
                    call.degraded = reply.degraded
                return at, reply
        raise InternalError("no stage answered the call")

    async def _relay(self, call: Call, answer: Answer, reply: Reply, top: int, held: list[Event]) -> None:
        inspects = [inspect for at, inspect in self._inspects if at < top]
        while (batch := await reply.read()) is not None:
            events = batch
            for inspect in inspects:
                events = inspect(call, events)
            flowing = []
            for event in events:
                if event.terminal:
                    held.append(event)
                    call.finish = event.finish or call.finish
                elif not event.silent:
                    flowing.append(event)
            if flowing:
                call.released = True
                await answer.stream(call, flowing)

    async def _attempt(self, call: Call, target: Any) -> Reply:
        """Admit one attempt down the ATTEMPT list; what Route calls. It is settled at its failure or with the call."""
        assert call.request is not None  # noqa: S101 - Guard set it
        number = len(call.attempts) + 1
        attempt = Attempt(call, target, number, call.request, f"{call.id}.{number}")
        call.attempts.append(attempt)
        begun: list[AttemptStage] = attempt.kept.setdefault("begun", [])
        reply: Reply | None = None
        try:
            for stage in self.attempt_stages:
                begun.append(stage)
                reply = await stage.admit(attempt)
                if reply is not None:
                    break
        except Ending as failure:
            attempt.failure = failure
            await self._settle_attempt(attempt)
            raise
        if reply is None:
            raise InternalError("no stage answered the attempt")
        read = reply.read

        async def inspected() -> list[Event] | None:
            try:
                events = await read()
                if events is not None:
                    for inspect in self._attempt_inspects:
                        events = [after for event in events for after in inspect(attempt, event)]
            except Ending as failure:
                attempt.failure = failure
                await self._settle_attempt(attempt)
                raise
            return events

        return Reply(inspected)

    async def _settle_attempts(self, call: Call) -> None:
        for attempt in call.attempts:
            await self._settle_attempt(attempt)

    async def _settle_attempt(self, attempt: Attempt) -> None:
        if attempt.settled:
            return
        attempt.settled = True
        call = attempt.call
        task, call.task = call.task, None  # a cut waits until this is settled
        for stage in reversed(attempt.kept["begun"]):
            try:
                await stage.settle(attempt)
            except Exception as broken:  # noqa: BLE001 - the others must settle too
                attempt.failure = call.ending = _worst(call, broken)
        call.task = task
        if task is not None and call.cut_by is not None:
            raise call.cut_by

    async def _settle(self, call: Call, begun: list[int]) -> None:
        """Settle every stage that began, in reverse; one that fails does not keep another from settling."""
        await self._settle_attempts(call)
        for at in sorted(begun, reverse=True):
            try:
                await self.call_stages[at].settle(call)
            except Exception as broken:  # noqa: BLE001 - the others must settle too
                call.ending = _worst(call, broken)


def _worst(call: Call, broken: Exception) -> Ending:
    if isinstance(broken, Ending):
        return broken
    log.error("settling call %s broke", call.id, exc_info=broken)
    return _internal(broken)


def _internal(broken: Exception) -> Ending:
    return InternalError(f"a defect of the gateway ({type(broken).__name__}); the log has it under the call id")
