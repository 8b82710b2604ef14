"""Finds the run and sets the deadline; takes nothing.

A run is declared by its run key, by the path `/runs/{id}/v1/…` or by `x-run-id`, or inferred from an id that this key
was given before and now brings back; all else is its own run: key and tenant caps hold, weak signals never merge
budgets. A client-made `x-run-id` opens its run when it is first seen. A session is a label, whatever a client says.
"""

import urllib.parse
from collections.abc import Awaitable, Mapping
from typing import Protocol

from msgspec import structs

from .. import deadlines
from ..bonds import Bonds
from ..call import Call, Request
from ..errors import InvalidRequest, NotAllowed, NotFound
from ..minted import Minted
from ..papers import Key, Run
from ..stage import CallStage
from ..tags import Tags
from ..turns import Turns

_SESSION_HEADERS = (
    "x-litellm-session-id",
    "x-litellm-trace-id",
    "x-claude-code-session-id",
    "session-id",
    "thread-id",
    "x-session-id",
    "helicone-session-id",
)
_NAMED = frozenset(_SESSION_HEADERS)
_BAGGAGE = "gen_ai.conversation.id"
_SESSION_CHARS_MAX = 1_024
_PHASES = frozenset({"plan", "replan", "act", "reflect", "vote", "answer"})


class Runs(Protocol):
    """Where runs are found."""

    async def declared(self, key: Key, run_id: str) -> Run:
        """Return the run that this key declares by this id, opening a client-made one; RunNotFound, RunEnded."""
        ...

    def pseudonym(self, key: Key, text: str) -> str:
        """Return the tenant's pseudonym for an id that a client made."""
        ...

    async def left_s(self, run: Run | None) -> float:
        """Return what is left of a run's wall-clock in seconds; infinite where nothing bounds it."""
        ...


class Identify(CallStage):
    """Run, session, phase, deadline."""

    def __init__(
        self, runs: Runs, bonds: Bonds, minted: Minted, *, turns: Turns, tags: Tags, stream_s_max: float
    ) -> None:
        self._runs = runs
        self._bonds = bonds
        self._minted = minted
        self._turns = turns
        self._tags = tags
        self._stream_s_max = stream_s_max

    def admit(self, call: Call) -> Awaitable[None] | None:
        """Find the run, refuse one that has ended, start the call's clock."""
        headers, key, request = call.caller.headers, call.key, call.clear
        session = _session(call, headers)
        if session is not None:
            call.session = self._runs.pseudonym(key, session)
        run_id, found_by = _declared(call, headers)
        if run_id is not None:
            return self._in_run(call, self._runs.declared(key, run_id), found_by)
        identity = call.profile.run_identity
        if identity == "required":
            raise NotAllowed("this profile asks for a declared run: POST /v1/runs, or send x-run-id", param="run")
        comes_back = request is not None and (request.results or request.follows) and not call.is_for_object
        if identity == "infer" and request is not None and comes_back:
            return self._in_run(call, self._minted.run_of(call, request), "inferred")
        if call.profile.tags:
            return self._tagged(call)
        return self._begin(call, None)

    async def _tagged(self, call: Call) -> None:
        await self._tags.read(call)
        turn = self._begin(call, None)
        if turn is not None:
            await turn

    async def _in_run(self, call: Call, finding: Awaitable[Run | None], found_by: str) -> None:
        """Wait for the run; the call ends with its run's time."""
        run = call.run = await finding
        if run is not None:
            call.run_found_by = found_by
            call.headers["x-tollhouse-run-id"] = run.id
            call.profile = run.profile
        if call.profile.tags:
            await self._tags.read(call)
        turn = self._begin(call, None if run is None else await self._runs.left_s(run))
        if turn is not None:
            await turn

    def _begin(self, call: Call, run_left_s: float | None) -> Awaitable[None] | None:
        """Read what else a client says of its call, and start the clock; to be waited for is whose turn it is."""
        request = call.clear
        call.phase = call.caller.headers.get("x-tollhouse-phase")
        if call.phase is not None and call.phase not in _PHASES:
            raise InvalidRequest(f"x-tollhouse-phase must be one of {', '.join(sorted(_PHASES))}")
        longest_s, whose = self._wait(call, run_left_s)
        deadlines.start(call, longest_s, whose)
        if request is None or not request.follows:
            return None
        if request.grows is not None:
            name = call.kept["turn"] = self._turns.take(call.key, request.grows, call.id)
            if self._turns.shared:
                return self._agreed(call, request, name, longest_s)
        self._follow(call, request)
        return None

    async def _agreed(self, call: Call, request: Request, name: bytes, longest_s: float) -> None:
        await self._turns.agree(name, call.id, longest_s)
        self._follow(call, request)

    def _wait(self, call: Call, run_left_s: float | None) -> tuple[float, str]:
        """Return how long the call may take, and which limit says so: the shortest of all that there are."""
        wait_s, whose = call.profile.deadline_s, f"call.deadline_s of profile {call.profile.name}"
        if call.model is not None and call.model.deadline_s is not None and call.model.deadline_s < wait_s:
            wait_s, whose = call.model.deadline_s, f"deadline_s of tool {call.model.name}"
        if call.clear is not None and call.clear.stream and self._stream_s_max < wait_s:
            wait_s, whose = self._stream_s_max, "bounds.stream_s_max"
        asked = call.caller.headers.get(deadlines.HEADER)
        if asked is not None:
            own_s = deadlines.asked_s(asked)
            if own_s < wait_s:
                wait_s, whose = own_s, f"{deadlines.HEADER} of the request"
        if run_left_s is not None and run_left_s < wait_s:
            wait_s, whose = run_left_s, deadlines.RUN_SECONDS
        return wait_s, whose

    def _follow(self, call: Call, request: Request) -> None:
        """Let the call go on from what this key got before, at the target that has it; it weighs what that weighed."""
        if call.is_for_object:
            call.kept["whose"] = self._minted.whose(call, request)
        tokens = 0
        for minted in request.follows:
            bond = self._bonds.find(call.key, minted)
            upstream = None if bond is None else bond.target.partition("/")[0]
            if bond is None or call.pinned not in (None, upstream):
                raise NotFound("nothing of that id at the provider belongs to this key; it may have expired")
            call.pinned = upstream
            tokens += bond.tokens
        call.clear = call.request = structs.replace(request, frame_bytes=request.frame_bytes + tokens)

    def settle(self, call: Call) -> None:
        """Stop the call's clock; bind the ids that it got; give its turn back."""
        self._minted.bind(call)
        turn = call.kept.get("turn")
        if turn is not None:
            call.statements += self._turns.leave(turn, call.id)
        deadlines.stop(call)


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


def _session(call: Call, headers: Mapping[str, str]) -> str | None:
    """Return what the client calls its session: by a vendor's header, W3C baggage, or `metadata.session_id`."""
    for name in () if _NAMED.isdisjoint(headers) else _SESSION_HEADERS:
        if said := headers.get(name):
            return said[:_SESSION_CHARS_MAX]
    for member in headers["baggage"].split(",") if "baggage" in headers else ():
        name, _, value = member.partition(";")[0].partition("=")
        if name.strip() == _BAGGAGE and value.strip():
            return urllib.parse.unquote(value.strip())[:_SESSION_CHARS_MAX]
    metadata = call.clear.tree.get("metadata") if call.clear is not None else None
    said = metadata.get("session_id") if type(metadata) is dict else None
    return said[:_SESSION_CHARS_MAX] if type(said) is str and said else None
