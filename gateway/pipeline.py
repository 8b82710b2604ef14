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

Method = tuple[int, Callable[[Any], Any]]
"""A stage's place, and its `admit` or `settle`."""


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
        self._admits = _methods(call_stages, "admit", CallStage)
        self._settles = _methods(call_stages, "settle", CallStage)[::-1]
        self._attempt_admits = _methods(attempt_stages, "admit", AttemptStage)
        self._attempt_settles = _methods(attempt_stages, "settle", AttemptStage)[::-1]
        inspecting = [type(stage).inspect is not CallStage.inspect for stage in call_stages]
        self._inspects_above = [
            [stage.inspect_batch for stage, does in zip(call_stages[:at], inspecting, strict=False) if does][::-1]
            for at in range(len(call_stages))
        ]
        self._attempt_inspects = [
            stage.inspect for stage in reversed(attempt_stages) if type(stage).inspect is not AttemptStage.inspect
        ]
        kinds = [type(stage) for stage in call_stages]
        from_again, without = kinds.index(again_from), frozenset(kinds.index(kind) for kind in again_without)
        self._admits_again = [each for each in self._admits if each[0] >= from_again and each[0] not in without]

    async def live(self, call: Call, answer: Answer) -> None:
        """Live one call's life to its end; returns when the client has its answer or has left."""
        call.pipeline = self
        held: list[Event] = []
        try:
            await self._exchange(call, answer, held)
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
        await self._settle(call)
        if call.ending is None and answer.complete_now(call, held):
            return
        late = asyncio.get_running_loop().call_later(self._answer_s_max, task.cancel) if task is not None else None
        if call.ending is None:
            await answer.complete(call, held)
        else:
            await answer.fail(call, call.ending)
        if late is not None:
            late.cancel()

    async def _exchange(self, call: Call, answer: Answer, held: list[Event]) -> None:
        try:
            await self._relay(call, answer, await self._admit(call, self._admits), held)
        except AskAgain as wish:
            if call.asked_again or call.released:
                raise InternalError("a stage asked again after the answer had begun") from None
            call.asked_again = True
            await self._settle_attempts(call)
            held.clear()
            assert call.clear is not None  # noqa: S101 - Read set it, or nothing was relayed
            call.clear = call.dialect.ask_again(call.clear, wish.answer, wish.message)
            await self._relay(call, answer, await self._admit(call, self._admits_again), held)

    @staticmethod
    async def _admit(call: Call, admits: list[Method]) -> int:
        """Admit down the list until a stage replies; return its place."""
        for at, admit in admits:
            if at >= call.begun:
                call.begun = at + 1
            reply = admit(call)
            if reply is not None and type(reply) is not Reply:
                reply = await reply
            if reply is not None:
                call.reply = reply
                if reply.degraded:
                    call.degraded = reply.degraded
                return at
        raise InternalError("no stage answered the call")

    async def _relay(self, call: Call, answer: Answer, top: int, held: list[Event]) -> None:
        """Have the stages above the one that replied inspect its events; release what need not wait for the end."""
        reply = call.reply
        assert reply is not None  # noqa: S101 - `_admit` set it
        if call.look is not None:
            reply = call.look(reply)
        inspects = self._inspects_above[top]
        batch = reply.batch
        while True:
            if batch is not None:
                for inspect_batch in inspects:
                    batch = inspect_batch(call, batch)
                flowing = []
                for event in batch:
                    if event.terminal:
                        held.append(event)
                        call.finish = event.finish or call.finish
                    elif not event.silent:
                        flowing.append(event)
                if flowing:
                    call.released = True
                    await answer.stream(call, flowing)
            if reply.read is None or (batch := await reply.read()) is None:
                return

    async def attempt(self, call: Call, target: Any) -> Reply:
        """Admit one attempt down the ATTEMPT list; what Route calls. It is settled at its failure or with the call."""
        assert call.request is not None  # noqa: S101 - Guard set it
        number = len(call.attempts) + 1
        attempt = Attempt(call, target, number, call.request, f"{call.id}.{number}")
        call.attempts.append(attempt)
        try:
            reply: Any = None
            for at, admit in self._attempt_admits:
                attempt.begun = at + 1
                reply = admit(attempt)
                if reply is not None and type(reply) is not Reply:
                    reply = await reply
                if reply is not None:
                    break
            if reply is None:
                raise InternalError("no stage answered the attempt")
            if reply.batch is not None:
                reply.batch = self._inspected(attempt, reply.batch)
        except Ending as failure:
            await self._fail_attempt(attempt, failure)
            raise
        made: Reply = reply
        read = made.read
        if read is not None:

            async def inspected() -> list[Event] | None:
                try:
                    events = await read()
                    return None if events is None else self._inspected(attempt, events)
                except Ending as failure:
                    await self._fail_attempt(attempt, failure)
                    raise

            made.read = inspected
        return made

    def _inspected(self, attempt: Attempt, events: list[Event]) -> list[Event]:
        for inspect_one in self._attempt_inspects:
            events = [after for event in events for after in inspect_one(attempt, event)]
        return events

    async def _fail_attempt(self, attempt: Attempt, failure: Ending) -> None:
        attempt.failure = failure
        await self._settle_attempt(attempt)

    async def _settle_attempts(self, call: Call) -> None:
        for attempt in call.attempts:
            if not attempt.settled:
                await self._settle_attempt(attempt)

    async def _settle_attempt(self, attempt: Attempt) -> None:
        """Settle an attempt, in reverse; a cut waits until that is done."""
        if attempt.settled:
            return
        attempt.settled = True
        call = attempt.call
        task, call.task = call.task, None
        for at, settle in self._attempt_settles:
            if at < attempt.begun:
                try:
                    waits = settle(attempt)
                    if waits is not None:
                        await waits
                except Exception as broken:  # noqa: BLE001 - the others must settle too
                    attempt.failure = call.ending = _worst(call, broken)
        call.task = task
        if task is not None and call.cut_by is not None:
            raise call.cut_by

    async def _settle(self, call: Call) -> None:
        """Settle every stage that began, in reverse; one that fails does not keep another from settling."""
        await self._settle_attempts(call)
        for at, settle in self._settles:
            if at < call.begun:
                try:
                    waits = settle(call)
                    if waits is not None:
                        await waits
                except Exception as broken:  # noqa: BLE001 - the others must settle too
                    call.ending = _worst(call, broken)


def _methods(stages: Sequence[Any], name: str, empty: type) -> list[Method]:
    """Return the stages' own methods of a name, in their order."""
    return [
        (at, getattr(stage, name))
        for at, stage in enumerate(stages)
        if getattr(type(stage), name) is not getattr(empty, name)
    ]


def _worst(call: Call, broken: Exception) -> Ending:
    if isinstance(broken, Ending):
        return broken
    log.error("settling call %s broke", call.id, exc_info=broken)
    return _internal(broken)


def _internal(broken: Exception) -> Ending:
    return InternalError(f"a defect of the gateway ({type(broken).__name__}); the log has it under the call id")
