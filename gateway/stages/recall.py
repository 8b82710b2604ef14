"""A call that comes again under its Idempotency-Key is one call: its kept reply answers, nothing is sent or charged.

Another request under the key is refused, and so is the same while the first still runs, in whichever process. Only
complete answers are kept: after a refusal or failure the key is free again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import orjson

from ..call import Call, Event, Reply, reply_of
from ..errors import InProgress, InvalidRequest, OutcomeUnknown
from ..replies import BEGUN, Kept, Replies
from ..stage import CallStage
from ..written import Writing, read_again
from .awaited import Awaited
from .consent import Consent
from .executing import ID_HEADER

HEADER = "idempotency-key"
_CHARS_MAX = 255
_REPLY_BYTES_MAX = 4 << 20
_FINGERPRINT_BYTES = 32
_CLAIM_SLACK_S = 30.0


@dataclass(slots=True)
class _Keeping:
    """What Recall keeps of one call whose reply is to be kept."""

    name: str
    fingerprint: bytes
    writing: Writing
    begun: bool = False
    kept_bytes: int | None = None
    claim: bytes | None = None


class Claims(Protocol):
    """What says which call runs under a name, over all processes: `limits.redis.claims.Claims`."""

    async def claim(self, name: str, who: bytes, left_s: float) -> tuple[bool, bytes]:
        """Claim a name: (True, b"") if it was free, else whether it is done, and by whom."""
        ...

    def done(self, name: str, who: bytes) -> None:
        """Say that what was claimed is done."""
        ...

    def free(self, name: str, who: bytes) -> None:
        """Give a claim back."""
        ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other processes that the same call may come to: who runs it, and how to see what they have kept."""

    claims: Claims
    catch_up: Callable[[], Awaitable[None]]


class Recall(CallStage):
    """Stands above all that takes anything."""

    def __init__(
        self,
        replies: Replies,
        awaited: Awaited | None = None,
        consent: Consent | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Without `awaited` and `consent` no answer waits for an approval; without `elsewhere` all calls come here."""
        self._replies = replies
        self._awaited = awaited
        self._consent = consent
        self._elsewhere = elsewhere

    def admit(self, call: Call) -> Reply | Awaitable[Reply | None] | None:
        """Answer from the kept reply, or note that this call is under way."""
        if call.clear is None:
            return None
        said = _said(call)
        waits = self._consent is not None and not call.is_for_tool and self._consent.may_ask(call)
        if said is None and not waits:
            return None
        run = "" if call.run is None else call.run.id
        whole = orjson.dumps([call.path, run, call.clear.tree], option=orjson.OPT_SORT_KEYS)
        fingerprint = self._replies.fingerprint(whole)
        if said is None:
            return self._waits(call, fingerprint, waits=waits)
        name = self._replies.name(call.key, said)
        kept = self._known(call, name, fingerprint)
        if kept is not None and (kept.degraded != BEGUN or self._elsewhere is None):
            return self._again(call, kept)
        keeping = self._begin(call, name, fingerprint)
        if self._elsewhere is not None:
            return self._claim(call, keeping, self._elsewhere, waits=waits)
        self._note(call, keeping)
        return self._waits(call, fingerprint, waits=waits)

    def _waits(self, call: Call, fingerprint: bytes, *, waits: bool) -> Reply | None:
        return self._awaited.admit(call, fingerprint) if waits and self._awaited is not None else None

    def _known(self, call: Call, name: str, fingerprint: bytes) -> Kept | None:
        """Return what is kept of a call that has a name; refuse it while the same runs here."""
        running = self._replies.under_way(name)
        if running is not None:
            self._same(running, fingerprint)
            raise _in_progress()
        kept = self._replies.find(call.key.id, name)
        if kept is not None:
            self._same(kept.fingerprint, fingerprint)
        return kept

    def _begin(self, call: Call, name: str, fingerprint: bytes) -> _Keeping:
        """Note that a call is under way here."""
        keeping = _Keeping(name, fingerprint, Writing(_REPLY_BYTES_MAX), begun=_once(call))
        call.kept["recall"] = keeping
        self._replies.begin(name, fingerprint)
        # The task ends after the outcome is durable and the answer is out: only then may another ask.
        life = asyncio.current_task()
        assert life is not None  # noqa: S101 - stages run in a call's task
        life.add_done_callback(lambda _: self._over(call, keeping))
        return keeping

    def _note(self, call: Call, keeping: _Keeping) -> None:
        """Note with the call's intent that it must not be made again, if that is so."""
        if keeping.begun:
            call.statements.append(self._replies.begun(call.key.id, keeping.name, call.id, keeping.fingerprint))

    def _over(self, call: Call, keeping: _Keeping) -> None:
        kept_bytes = _kept_bytes(call, keeping)
        self._replies.end(call.key.id, keeping.name, kept_bytes)
        if keeping.claim is not None and self._elsewhere is not None:
            end = self._elsewhere.claims.free if kept_bytes is None else self._elsewhere.claims.done
            end(keeping.name, keeping.claim)

    async def _claim(self, call: Call, keeping: _Keeping, elsewhere: Elsewhere, *, waits: bool) -> Reply | None:
        """Let no other process run it too; answer with what one has kept a moment ago."""
        name, fingerprint = keeping.name, keeping.fingerprint
        del call.kept["recall"]
        keeping.claim = fingerprint + call.id.encode()
        left_s = call.deadline_s - asyncio.get_running_loop().time() + _CLAIM_SLACK_S
        is_free, by = await elsewhere.claims.claim(name, keeping.claim, left_s)
        if by:
            self._same(by[:_FINGERPRINT_BYTES], fingerprint)
            if not is_free:
                raise _in_progress()
            await elsewhere.catch_up()
        kept = self._replies.find(call.key.id, name)
        if kept is not None:
            self._same(kept.fingerprint, fingerprint)
            return self._again(call, kept)
        if by:
            raise _in_progress()  # its reply was let go of again: the name is free in a minute
        call.kept["recall"] = keeping
        self._note(call, keeping)
        return self._waits(call, fingerprint, waits=waits)

    @staticmethod
    def _same(first: bytes, second: bytes) -> None:
        if first != second:
            raise InvalidRequest("this Idempotency-Key was used for another request; take a new one", param=HEADER)

    @staticmethod
    def _again(call: Call, kept: Kept) -> Reply:
        if kept.degraded == BEGUN:
            raise OutcomeUnknown(
                f"{call.model.name} was called with this id in {kept.call_id}, and what became of it is not known; "
                "look at the tool's own records before you call it again under another id"
            )
        if kept.written is None:
            raise InvalidRequest(
                "the reply to this Idempotency-Key was too large to be kept; take a new one", param=HEADER
            )
        call.decide("recall", "replayed", call=kept.call_id)
        call.headers["x-tollhouse-replayed"] = kept.call_id
        return reply_of(read_again(call, kept.written), degraded=kept.degraded, cached=True)

    def inspect_batch(self, call: Call, events: list[Event]) -> list[Event]:
        """Leave what is not kept alone."""
        keeps = "recall" in call.kept or "awaited" in call.kept
        return super().inspect_batch(call, events) if keeps else events

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        """Write down what the client gets."""
        keeping: _Keeping | None = call.kept.get("recall")
        if keeping is not None and (event.terminal or not call.is_for_tool):
            keeping.writing.take(call, event)  # what a server said before its answer is said once
        if self._awaited is not None:
            self._awaited.inspect(call, event)
        return (event,)

    def _begun(self, call: Call, keeping: _Keeping) -> None:
        """Free the name of a call that was not carried out; one that may have been stays noted as begun."""
        if any(attempt.sent for attempt in call.attempts):
            keeping.kept_bytes = 0
        else:
            call.statements.append(self._replies.undone(keeping.name))

    def settle(self, call: Call) -> Awaitable[None] | None:
        """Keep a complete answer, in the transaction of the outcome."""
        if self._awaited is not None and "awaited" in call.kept:
            return self._settle_awaited(call, self._awaited)
        self._keep(call)
        return None

    async def _settle_awaited(self, call: Call, awaited: Awaited) -> None:
        await awaited.settle(call)
        self._keep(call)

    def _keep(self, call: Call) -> None:
        keeping: _Keeping | None = call.kept.get("recall")
        if keeping is not None and keeping.begun and call.ending is not None:
            self._begun(call, keeping)
        elif keeping is not None and call.ending is None:
            whole = keeping.writing.whole
            if self._awaited is not None:
                whole = self._awaited.as_released(call, whole)
            kept = Kept(call.id, keeping.fingerprint, whole, call.degraded)
            statements, keeping.kept_bytes = self._replies.keep(call.key.id, keeping.name, kept)
            call.statements.extend(statements)


def _in_progress() -> InProgress:
    return InProgress(
        "the first call under this Idempotency-Key is still running; ask again when it has ended",
        param=HEADER,
        retry_after_s=1,
    )


def _said(call: Call) -> str | None:
    """Return what names the call: its Idempotency-Key, else in a run the id of the tool call that it carries out."""
    said = call.caller.headers.get(HEADER)
    if said is None and call.is_for_tool and call.run is not None and call.clear is not None:
        asked = call.clear.executes
        tool_call = call.caller.headers.get(ID_HEADER) or (asked.id if asked is not None else "")
        return f"{call.run.id} {call.path} {tool_call}" if tool_call and asked is not None else None
    if said is not None and (not said or len(said) > _CHARS_MAX or not said.isprintable()):
        raise InvalidRequest(f"an Idempotency-Key has 1 to {_CHARS_MAX} printable characters", param=HEADER)
    return said


def _once(call: Call) -> bool:
    """Say whether the call must not be made again when nobody knows what became of it."""
    return call.is_for_tool and bool(call.model.targets) and not call.model.repeatable


def _kept_bytes(call: Call, keeping: _Keeping) -> int | None:
    return keeping.kept_bytes if call.ending is None or keeping.begun else None
