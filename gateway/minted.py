"""Recognises a run by the ids that its calls got: of tool calls, and of what the provider keeps.

    undeclared call ──answered with ids──▶ they lead to a run that is not open     most calls end here
    a later call brings one of them ─────▶ that run is opened, and the call is in it; so are all that follow

Only ids that nobody can guess lead anywhere (capability `ids: strong`), and only for the key that got them. Ids that
lead to two runs lead to none. In a session that the client names, a user's turn begins a run of its own: the ids of
earlier turns do not count, unless the turn goes on from what the provider keeps.
"""

from collections.abc import Sequence

from .bonds import Bond, Bonds, Trace
from .call import Call, Request, Text, ToolResult
from .errors import ApprovalRequired
from .papers import Run
from .runs import Runs
from .tools.trail import Trails
from .vaults import Vaults

_BROUGHT_MAX = 64  # of the ids that a request brings the last so many are looked at


class Minted:
    """Finds runs by ids, and binds the ids that a call got.

    `vaults` keep what stands behind their placeholders, `trails` which tools were called.
    """

    def __init__(self, runs: Runs, bonds: Bonds, vaults: Vaults, trails: Trails) -> None:
        self._runs = runs
        self._bonds = bonds
        self._vaults = vaults
        self._trails = trails

    async def run_of(self, call: Call, request: Request) -> Run | None:
        """Return the run that a request goes on with, opened if it was not; None if nothing leads to one. RunEnded."""
        brought = brought_by(request, in_session=call.session is not None)
        trace = self._bonds.led(call.key, brought) if brought else None
        if trace is None:
            return None
        return await self._runs.inferred(call.key, trace.run, trace.expires_us, trace.nano)

    def bind(self, call: Call) -> None:
        """Bind what the call's last attempt got to key and run, in the transaction of its outcome."""
        attempt = call.attempts[-1] if call.attempts else None
        if attempt is None or call.is_for_tool:
            return
        kept = attempt.mints if attempt.complete else None
        if kept is not None:
            usage = attempt.usage or attempt.hold
            tokens = usage.input_tokens + usage.output_tokens
            call.statements += self._bonds.bind(call.key, kept, Bond(attempt.target.name, tokens))
        ids: list[str] = call.kept.get("tool_ids", [])
        released = call.ending is None or isinstance(call.ending, ApprovalRequired)
        if call.profile.run_identity != "infer" or not released or not (kept or ids):
            return
        strong = attempt.target.capability.ids == "strong"
        self._lead(call, [*([kept] if kept else ()), *(ids if strong else ())])

    def _lead(self, call: Call, ids: Sequence[str]) -> None:
        if not ids:
            return
        run = call.run
        if run is None:
            run = self._runs.prospect(call.key)
            guard = call.kept.get("guard")
            if guard is not None:
                call.statements += self._vaults.keep(run, guard.vault)
            watch = call.kept.get("firewall")
            if watch is not None and watch.released:
                self._trails.expect(run.id, watch.trail)
        spent = sum(each.charge.nano for each in call.attempts if each.charge is not None)
        call.statements += self._bonds.lead(call.key, ids, Trace(run.id, run.expires_us, spent))


def brought_by(request: Request, *, in_session: bool) -> list[str]:
    """Return the ids that may lead to a run: of objects gone on from, and of answered tool calls."""
    results: Sequence[ToolResult] = request.results[-_BROUGHT_MAX:]
    if in_session and results:
        turn = _turn(request)
        results = [result for result in results if result.texts and _at(request.texts[result.texts[-1]]) > turn]
    return [*request.follows, *dict.fromkeys(result.call_id for result in results if result.call_id)]


def _turn(request: Request) -> int:
    """Return the place of the last message that is a user's, and holds no result of a tool; -1 if there is none."""
    of_tools = {_at(text) for text in request.texts if text.role == "tool"}
    return max((_at(text) for text in request.texts if text.role == "user" and _at(text) not in of_tools), default=-1)


def _at(text: Text) -> int:
    """Return the place of a text's message among all."""
    return text.path[1] if len(text.path) > 1 and isinstance(text.path[1], int) else -1
