"""A conversation with a model inside a run: ask, act on the tool calls it proposes, ask again.

Each ask is a step, found again by its key (run, place and number, sha256 of the request): what the log has is not asked
again. The same holds for each tool call. The place makes keys deterministic where branches run side by side.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pydantic

from . import trace
from .beside import side_by_side
from .endings import Ending, Refused
from .keys import step_key
from .policy import Case
from .reply import Call, Reply, parse, read
from .seat import Question, Seat
from .tool import Tool
from .workshop import Outcome

MENDS_MAX = 2
Inside = Callable[[str, str, dict[str, Any]], Awaitable[str]]  # tool's name, step key, arguments -> result
NOTHING_INSIDE: Mapping[str, Inside] = MappingProxyType({})
SIDE_BY_SIDE_MAX = 8
_MAXIMA = frozenset({"max_tokens", "max_completion_tokens"})


class Talk:
    """Made by `Run.talk`. `messages` may be read; they change by `say`, `ask` and `act` only."""

    def __init__(
        self,
        seat: Seat,
        at: str,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Tool],
        inside: Mapping[str, Inside] = NOTHING_INSIDE,
    ) -> None:
        self.seat = seat
        self.at = at
        self.messages: list[Mapping[str, Any]] = list(messages)
        self.tools = {tool.name: tool for tool in tools}
        self._inside = inside
        self._number = 0
        self._told = 0

    def say(self, text: str) -> None:
        """Add a user's message."""
        self.messages.append({"role": "user", "content": text})

    async def ask(
        self,
        phase: str = "act",
        *,
        output: type[pydantic.BaseModel] | None = None,
        check: Callable[[Any], str] | None = None,
    ) -> Reply:
        """Ask the model; raises Ending.

        What cannot be used is told to the model, MENDS_MAX times: a refused tool call, text that is not `output`, or in
        which `check` finds something wrong.
        """
        for mends in range(MENDS_MAX + 1):
            reply = await self._step(phase, output)
            if reply.stop is not None:
                raise Ending("stopped", reply.stop, reply.refusal)
            parsed, wrong = None, reply.refusal
            if not wrong and output is not None and not reply.calls:
                parsed, wrong = parse(reply.text, output)
                wrong = wrong or (check(parsed) if check is not None else "")
            if not wrong:
                if reply.finish == "length" and not reply.calls and (reply.clamped or not self._own_maximum()):
                    raise Ending("stopped", "tokens", "the answer was cut: no more tokens were left to write it")
                return replace(reply, parsed=parsed)
            if mends < MENDS_MAX:
                self.say(self._correction(wrong, output))
        raise Ending("stopped", "invalid_output", f"after {MENDS_MAX} corrections: {wrong}")

    def _own_maximum(self) -> bool:
        """Say whether the agent itself limits its answers; only then is a cut one what was asked for."""
        return not _MAXIMA.isdisjoint(self.seat.options)

    def _correction(self, wrong: str, output: type[pydantic.BaseModel] | None) -> str:
        if output is not None:
            return f"That cannot be used: {wrong} Answer with JSON of the given schema and nothing else."
        return f"That cannot be used: {wrong} The tools are: {', '.join(self.tools) or 'none'}. Go on, or answer."

    def _request(self, output: type[pydantic.BaseModel] | None) -> dict[str, Any]:
        seat = self.seat
        body: dict[str, Any] = {"model": seat.model, "messages": self.messages, **seat.options}
        if self.tools:
            body["tools"] = [tool.definition() for tool in self.tools.values()]
        if output is not None:
            shape = {"name": output.__name__, "schema": output.model_json_schema()}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        return body

    async def _step(self, phase: str, output: type[pydantic.BaseModel] | None) -> Reply:
        seat, number = self.seat, self._number
        self._number += 1
        request = self._request(output)
        key = step_key(seat.id, self.at, number, request)
        added, self._told = self.messages[self._told :], len(self.messages) + 1
        stored = seat.state.answered.get(key)
        if stored is None:
            if key not in seat.state.asked:
                await self._begin(key, number, phase, added)
            stored = await self._send(key, phase, request)
        self.messages.append(dict(stored["message"]))
        return read(key, stored)

    async def _begin(self, key: str, number: int, phase: str, added: list[Mapping[str, Any]]) -> None:
        seat = self.seat
        before = seat.state.places.get((self.at, number))
        if before is not None:
            await seat.journal.write("diverged", at=self.at, n=number)
        await seat.journal.write("asked", key=key, at=self.at, n=number, phase=phase, added=added)

    async def _send(self, key: str, phase: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        seat = self.seat
        headers = {
            "idempotency-key": key,
            "x-tollhouse-pattern": seat.pattern,
            "x-tollhouse-phase": phase,
        }
        began = seat.clock.monotonic_s()
        with trace.span("thought", run=seat.id, at=self.at, phase=phase) as headers_of_trace:
            try:
                said = await seat.gateway.ask(seat.key, request, {**headers, **headers_of_trace})
            except Refused as refused:
                await self._refused(key, refused)
                raise refused.ending() from refused
        choice = said.tree["choices"][0]
        usage = said.tree.get("usage") or {}
        body = {
            "key": key,
            "at": self.at,
            "message": _kept(choice["message"]),
            "finish": choice.get("finish_reason") or "stop",
            "input_tokens": int(usage.get("prompt_tokens") or 0),
            "output_tokens": int(usage.get("completion_tokens") or 0),
            "usd": str(Decimal(said.headers.get("x-tollhouse-cost-usd", "0"))),
            "ms": round((seat.clock.monotonic_s() - began) * 1e3, 3),
            "call": said.headers.get("x-tollhouse-call-id", ""),
            "degraded": said.headers.get("x-tollhouse-degraded", ""),
            "clamped": "x-tollhouse-clamped" in said.headers,
            "remaining": said.headers.get("x-tollhouse-run-remaining", ""),
        }
        await seat.journal.write("answered", **body)
        return body

    async def _refused(self, key: str, refused: Refused) -> None:
        await self.seat.journal.write(
            "refused", key=key, at=self.at, code=refused.code, param=refused.param, message=refused.message
        )
        if refused.code == "approval_required":
            name = refused.approval_id or refused.param or ""
            await self.seat.wait(Question(key, name, "", "", refused.message, by="gateway"))

    async def act(self, reply: Reply) -> list[Outcome]:
        """Make the calls of a reply side by side and put their results into the conversation; raises Ending.

        A call that needs a person's word waits for it: the others are made first, then the run waits.
        """
        free = asyncio.Semaphore(SIDE_BY_SIDE_MAX)
        calls = [(f"{reply.key}.{index}", call) for index, call in enumerate(reply.calls)]
        asks = [(key, call, reason) for key, call in calls if (reason := self._reason(reply, key, call))]
        held = {key for key, _, _ in asks}

        async def one(key: str, call: Call) -> Outcome:
            async with free:
                return await self._call(key, call)

        outcomes = await side_by_side((one(key, call) for key, call in calls if key not in held), finish=True)
        if asks:
            await self._wait(asks)
        for call, outcome in zip(reply.calls, outcomes, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": outcome.content})
        return outcomes

    def _reason(self, reply: Reply, key: str, call: Call) -> str:
        """Say why a person must be asked before this call, empty if it may be made or was decided."""
        seat = self.seat
        tool = self.tools.get(call.name)
        if tool is None or key in seat.state.returned or key in seat.state.decided:
            return ""
        try:
            arguments = tool.read(call.arguments)
        except ValueError:
            return ""  # it is answered with what does not fit, not called
        if tool.approve is not None and tool.approve(arguments):
            return f"{call.name} is to be approved with these arguments"
        case = Case(seat.task, seat.state.usage.steps, reply.text, call.name, arguments)
        return (seat.ask_human and seat.ask_human(case)) or ""

    async def _wait(self, asks: Sequence[tuple[str, Call, str]]) -> None:
        state = self.seat.state
        for key, call, reason in asks:
            taken = {body["id"] for body in [*state.waiting.values(), *state.called.values()]}
            name = call.id if call.id and call.id not in taken else key
            await self.seat.wait(Question(key, name, call.name, call.arguments, reason))
        raise Ending("waiting", "approval", "; ".join(reason for _, _, reason in asks))

    async def _call(self, key: str, call: Call) -> Outcome:
        seat = self.seat
        done = seat.state.returned.get(key)
        if done is not None:
            return Outcome(done["content"], ok=done["ok"], degraded=done["degraded"])
        began = seat.clock.monotonic_s()
        with trace.span("action", run=seat.id, tool=call.name) as _:
            outcome = await self._made(key, call)
        await seat.journal.write(
            "returned",
            key=key,
            id=call.id,
            name=call.name,
            ok=outcome.ok,
            content=outcome.content,
            degraded=outcome.degraded,
            ms=round((seat.clock.monotonic_s() - began) * 1e3, 3),
        )
        return outcome

    async def _made(self, key: str, call: Call) -> Outcome:
        seat = self.seat
        tool = self.tools.get(call.name)
        if tool is None:
            return Outcome(f"error: there is no tool {call.name}; there are: {', '.join(self.tools)}", ok=False)
        if seat.state.decided.get(key) is False:
            return Outcome("error: a person refused this call; go on without it", ok=False)
        if key in seat.state.called:
            if not tool.repeatable:
                return Outcome(
                    "error: the process ended while this call was made; whether it took effect is not known, and it was"
                    " not made again",
                    ok=False,
                )
        else:
            await seat.journal.write(
                "called", key=key, id=call.id, at=self.at, name=call.name, arguments=call.arguments
            )
        inside = self._inside.get(call.name)
        if inside is None:
            return await seat.workshop.use(tool, call.arguments)
        try:
            arguments = tool.read(call.arguments)
        except ValueError as error:
            return Outcome(f"error: {error}", ok=False)
        return Outcome(await inside(call.name, key, arguments))


def _kept(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes back to the model of its own message."""
    kept = {"role": "assistant", "content": message.get("content")}
    if calls := message.get("tool_calls"):
        kept["tool_calls"] = calls
    return kept
