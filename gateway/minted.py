"""Recognises a run by the ids that its calls got: of tool calls, and of what the provider keeps.

    undeclared call ──answered with ids──▶ they lead to a run that is not open     most calls end here
    a later call brings one of them ─────▶ that run is opened, and the call is in it; so are all that follow

Ids lead somewhere only for the key that got them, and nobody can guess one: weak ones were minted anew
(`gateway.aliases`), which is kept here too. Ids that lead to two runs lead to none. In a session that the client names,
a user's turn begins a run of its own: the ids of earlier turns do not count, unless the turn goes on from what the
provider keeps.
"""

from collections.abc import Sequence

from limits.bound import input_bound

from .aliases import Aliases, Fresh
from .bonds import KEPT_S, Bond, Bonds, Trace, mark_of
from .call import Attempt, Call, Request, Text, ToolResult
from .dialects.openai_objects import ObjectDialect
from .errors import ApprovalRequired
from .papers import Run
from .runs import INFERRED_S, Runs
from .tools.trail import Trails
from .vaults import Vaults
from .weighing import parts_of

_BROUGHT_MAX = 64  # of the ids that a request brings the last so many are looked at


class Minted:
    """Finds runs by ids, and binds the ids that a call got; `aliases` keep what stands behind those minted anew.

    `vaults` keep what stands behind their placeholders, `trails` which tools were called.
    """

    def __init__(self, runs: Runs, bonds: Bonds, aliases: Aliases, vaults: Vaults, trails: Trails) -> None:
        self._runs = runs
        self._bonds = bonds
        self._aliases = aliases
        self._vaults = vaults
        self._trails = trails

    async def run_of(self, call: Call, request: Request) -> Run | None:
        """Return the run that a request goes on with, opened if it was not; None if nothing leads to one. RunEnded."""
        brought = brought_by(request, in_session=call.session is not None)
        trace = self._bonds.led(call.key, brought) if brought else None
        if trace is None:
            return None
        return await self._runs.inferred(call.key, trace.run, trace.expires_us, trace.nano)

    def whose(self, call: Call, request: Request) -> Run | None:
        """Return the run, if it lasts, in which the caller got what it asks for: its vault has what stands there."""
        return self._home(call, request.follows)

    def _home(self, call: Call, kept: Sequence[str]) -> Run | None:
        trace = self._bonds.led(call.key, kept)
        run = None if trace is None else self._runs.remembered(call.key, trace.run, trace.expires_us)
        return None if run is None or self._runs.is_over(run) else run

    def bind(self, call: Call) -> None:
        """Bind what the call's last attempt got to key and run, in the transaction of its outcome."""
        attempt = call.attempts[-1] if call.attempts else None
        request = call.clear
        if attempt is None or request is None or call.is_for_tool:
            return
        kept = attempt.mints if attempt.complete else None
        if kept is not None:
            call.statements += self._bonds.bind(call.key, kept, Bond(attempt.target.name, _weight(attempt, request)))
        if request.grows is not None and attempt.sent:
            call.statements += self._bonds.bind(
                call.key, request.grows, Bond(attempt.target.name, _grown(attempt, request))
            )
        dialect = call.dialect
        if isinstance(dialect, ObjectDialect) and dialect.deletes and attempt.complete:
            call.statements.append(self._bonds.unbind(call.key, dialect.ids[0]))
        self._lead(call, attempt, request, [each for each in (kept, request.grows) if each is not None])

    def _lead(self, call: Call, attempt: Attempt, request: Request, kept: Sequence[str]) -> None:
        """Have what was released lead to the call's run, and mark the tool calls that belong to what is kept."""
        released = call.ending is None or isinstance(call.ending, ApprovalRequired)
        tools: list[str] = call.kept.get("tool_ids", []) if released else []
        fresh: Fresh | None = attempt.kept.get("fresh")
        said = {} if fresh is None else {tool: fresh.said[tool] for tool in tools if tool in fresh.said}
        infers = call.profile.run_identity == "infer"
        leads = [each for each in kept if each != request.grows]
        if request.grows is not None and self._leads_here(call, request.grows):
            leads.append(request.grows)
        ids = [*leads, *(tools if infers else ())] if released else []
        marks = [mark_of(each, said.get(tool, tool)) for each in kept for tool in tools]
        if said:
            until_us = self._runs.until_us(KEPT_S if kept else INFERRED_S)
            call.statements += self._aliases.keep(call.key, said, kept, until_us)
        if not ids and not marks:
            return
        run = call.run or call.kept.get("whose")
        if run is None:
            run = self._runs.prospect(call.key)
            guard = call.kept.get("guard")
            if guard is not None:
                call.statements += self._vaults.keep(run, guard.vault)
            watch = call.kept.get("firewall")
            if kept and watch is not None and watch.released:  # else the history comes back whole, and is read then
                self._trails.expect(run.id, watch.trail)
        spent = sum(each.charge.nano for each in call.attempts if each.charge is not None)
        call.statements += self._bonds.lead(call.key, ids, Trace(run.id, run.expires_us, spent))
        call.statements += self._bonds.lead(call.key, marks, Trace(run.id, self._runs.until_us(KEPT_S), 0))

    def _leads_here(self, call: Call, conversation: str) -> bool:
        """Say whether a conversation leads to this call's run from now on.

        If not, what it hides of this call can be looked at where the conversation leads to.
        """
        home = self._home(call, (conversation,))
        if home is None:
            return True
        run, guard = call.run or call.kept.get("whose"), call.kept.get("guard")
        if guard is not None and call.request is not None and (run is None or run.id != home.id):
            call.statements += self._vaults.lend(home, guard.vault, (text.value for text in call.request.texts))
        return False


def _weight(attempt: Attempt, request: Request) -> int:
    """Return the most tokens that an object weighs which a call made."""
    if attempt.call.is_for_object:
        return input_bound(parts_of(request), attempt.target.family)
    usage = attempt.usage or attempt.hold
    return int(usage.input_tokens + usage.output_tokens)


def _grown(attempt: Attempt, request: Request) -> int:
    """Return the most tokens that a conversation weighs now; `request` weighs what it weighed before, too."""
    if attempt.call.is_for_object:
        return input_bound(parts_of(request), attempt.target.family)
    usage = attempt.usage if request.tree.get("truncation") in (None, "disabled") else None
    weighed = usage or attempt.hold
    return int(weighed.input_tokens + weighed.output_tokens)


def brought_by(request: Request, *, in_session: bool) -> list[str]:
    """Return the ids that may lead to a run: of objects gone on from, and of answered tool calls."""
    results: Sequence[ToolResult] = request.results[-_BROUGHT_MAX:]
    if in_session and results:
        turn = _turn(request)
        results = [result for result in results if result.texts and _at(request.texts[result.texts[-1]]) > turn]
    return [*request.follows, *dict.fromkeys(result.call_id for result in results if result.call_id.isprintable())]


def _turn(request: Request) -> int:
    """Return the place of the last message that is a user's, and holds no result of a tool; -1 if there is none."""
    of_tools = {_at(text) for text in request.texts if text.role == "tool"}
    return max((_at(text) for text in request.texts if text.role == "user" and _at(text) not in of_tools), default=-1)


def _at(text: Text) -> int:
    """Return the place of a text's message among all."""
    return text.path[1] if len(text.path) > 1 and isinstance(text.path[1], int) else -1
