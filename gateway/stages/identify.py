"""Finds the run and sets the deadline; takes nothing.

A run is declared by its run key, by the path `/runs/{id}/v1/…` or by `x-run-id`; all else is its own run: key and
tenant caps hold, weak signals never merge budgets. A client-made `x-run-id` opens its run when it is first seen.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from ..bonds import Bond, Bonds
from ..call import Call, Reply, Request
from ..errors import DeadlineExceeded, InvalidRequest, NotAllowed, NotFound
from ..papers import Key, Run
from ..stage import CallStage

_SESSION_HEADERS = (
    "x-litellm-session-id",
    "x-litellm-trace-id",
    "x-claude-code-session-id",
    "session-id",
    "thread-id",
    "x-session-id",
    "helicone-session-id",
)
_PHASES = frozenset({"plan", "replan", "act", "reflect", "vote", "answer"})


class Runs(Protocol):
    """Where runs are found."""

    async def declared(self, key: Key, run_id: str) -> Run:
        """Return the run that this key declares by this id, opening a client-made one; RunNotFound, RunEnded."""
        ...

    def pseudonym(self, key: Key, text: str) -> str:
        """Return the tenant's pseudonym for an id that a client made."""
        ...

    def left_s(self, run: Run | None) -> float:
        """Return what is left of a run's wall-clock in seconds; infinite where nothing bounds it."""
        ...


class Identify(CallStage):
    """Run, session, phase, deadline."""

    def __init__(self, runs: Runs, bonds: Bonds, *, stream_s_max: float) -> None:
        self._runs = runs
        self._bonds = bonds
        self._stream_s_max = stream_s_max

    async def admit(self, call: Call) -> Reply | None:
        """Find the run, refuse one that has ended, start the call's clock."""
        headers, key = call.caller.headers, call.key
        run_id, found_by = _declared(call, headers)
        if run_id is not None:
            call.run = await self._runs.declared(key, run_id)
            call.run_found_by = found_by
            call.headers["x-tollhouse-run-id"] = call.run.id
            call.profile = call.run.profile
        elif call.profile.run_identity == "required":
            raise NotAllowed("this profile asks for a declared run: POST /v1/runs, or send x-run-id", param="run")
        if call.clear is not None and call.clear.follows:
            self._follow(call, call.clear)
        call.phase = headers.get("x-tollhouse-phase")
        if call.phase is not None and call.phase not in _PHASES:
            raise InvalidRequest(f"x-tollhouse-phase must be one of {', '.join(sorted(_PHASES))}")
        for name in _SESSION_HEADERS:
            if name in headers:
                call.session = self._runs.pseudonym(key, headers[name])
                break
        wait_s = call.profile.deadline_s
        if call.model is not None and call.model.deadline_s is not None:
            wait_s = min(wait_s, call.model.deadline_s, self._runs.left_s(call.run))
        if call.clear is not None and call.clear.stream:
            wait_s = min(wait_s, self._stream_s_max)
        loop = asyncio.get_running_loop()
        call.deadline_s = loop.time() + wait_s
        call.kept["deadline"] = loop.call_later(wait_s, _pass, call, wait_s)
        return None

    def _follow(self, call: Call, request: Request) -> None:
        """Let the call go on from what this key got before, at the target that has it; it weighs what that weighed."""
        tokens = 0
        for minted in request.follows:
            bond = self._bonds.find(call.key, minted)
            if bond is None or call.pinned not in (None, bond.target):
                raise NotFound("nothing of that id at the provider belongs to this key; it may have expired")
            call.pinned = bond.target
            tokens += bond.tokens
        call.clear = call.request = replace(request, frame_bytes=request.frame_bytes + tokens)

    async def settle(self, call: Call) -> None:
        """Stop the call's clock; bind what the provider keeps of the reply, in the transaction of its outcome."""
        attempt = call.attempts[-1] if call.attempts else None
        if attempt is not None and attempt.mints is not None and attempt.complete and call.clear is not None:
            usage = attempt.usage or attempt.hold
            tokens = usage.input_tokens + usage.output_tokens
            call.statements += self._bonds.bind(call.key, attempt.mints, Bond(attempt.target.name, tokens))
        timer = call.kept.get("deadline")
        if timer is not None:
            timer.cancel()


def _declared(call: Call, headers: Mapping[str, str]) -> tuple[str | None, str]:
    own = call.key.run_id
    for run_id, found_by in ((call.path_run_id, "path"), (headers.get("x-run-id"), "header")):
        if run_id:
            if own is not None and run_id != own:
                raise NotAllowed(f"this run key speaks for run {own} only")
            if len(run_id) > 256 or not run_id.isprintable():  # noqa: PLR2004 - as long as a header's value is read
                raise InvalidRequest("a run's id has at most 256 printable characters", param="run")
            return run_id, found_by
    return own, "key"


def _pass(call: Call, wait_s: float) -> None:
    whose = f"call.deadline_s of profile {call.profile.name}"
    if call.is_for_tool:
        whose += f", deadline_s of tool {call.model.name}, or what was left of the run"
    call.cut(
        DeadlineExceeded(
            f"the call did not end within its {wait_s:g} s ({whose})",
            param="call.deadline_s",
            limit=f"{wait_s:g}",
        )
    )
