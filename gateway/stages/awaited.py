"""Recall's side of approvals: an answer that waits for a person's yes is kept sealed, and given when the yes is there.

The same canonical request of the same declared run gets it, without a model call or step; outside a run the request
names the approval in `x-tollhouse-approval-id`. Until then, and after a no, it is refused without asking a model.
"""

import asyncio
from dataclasses import dataclass, field

from ..approvals import Approvals, denied, required
from ..call import Call, Event, Reply, reply_of
from ..errors import ApprovalRequired
from ..replies import Kept, Replies
from ..tools.approval import Approval
from ..tools.edits import edit_calls
from ..tools.trail import Trails
from ..written import Writing, read_again
from .consent import Consent

HEADER = "x-tollhouse-approval-id"
_REPLY_BYTES_MAX = 4 << 20


@dataclass(slots=True)
class _Awaited:
    """An answer that may have to wait, as it is written down."""

    name: str
    fingerprint: bytes
    writing: Writing
    proposing: list[Event] = field(default_factory=list)
    approved: list[Approval] = field(default_factory=list)
    kept_bytes: int | None = None


class Awaited:
    """Keeps and gives answers that wait; `replies` seals them."""

    def __init__(self, replies: Replies, approvals: Approvals, consent: Consent, trails: Trails) -> None:
        self._replies = replies
        self._trails = trails
        self._approvals = approvals
        self._consent = consent

    def admit(self, call: Call, fingerprint: bytes) -> Reply | None:
        """Give the answer that was waited for, refuse while it waits, or make ready to keep one."""
        name = self._replies.name(call.key, f"approval {fingerprint.hex()}")
        waiting = self._approvals.waiting_for(name)
        if call.run is None and call.caller.headers.get(HEADER) not in {each.id for each in waiting}:
            waiting = []
        for each in waiting:
            if each.status == "denied":
                raise denied(each)
        if any(each.status == "pending" for each in waiting):
            raise required(call, waiting)
        kept = self._replies.find(call.key.id, name) if waiting else None
        if kept is not None and kept.written is not None:
            for each in waiting:
                self._approvals.take(call, each, "released")
            call.decide("recall", "approved", call=kept.call_id, approval=waiting[0].id)
            call.headers["x-tollhouse-replayed"] = kept.call_id
            events = read_again(call, kept.written)
            self._edit(call, events, waiting)
            return reply_of(events, degraded=kept.degraded, cached=True)
        call.kept["awaited"] = _Awaited(name, fingerprint, Writing(_REPLY_BYTES_MAX))
        return None

    def _edit(self, call: Call, events: list[Event], approved: list[Approval]) -> None:
        """Let the calls be what was approved, and the run's trail know them so."""
        edits = {each.call_id: each for each in approved if each.patches}
        if not edits:
            return
        edit_calls(events, {call_id: each.patches for call_id, each in edits.items()})
        call.headers["x-tollhouse-edited"] = next(iter(edits.values())).id
        trail = None if call.run is None else self._trails.find(call.run.id)
        for call_id, each in edits.items():
            call.decide("recall", "edited", approval=each.id)
            if trail is not None:
                trail.rekey(call_id, each.edited_key)

    @staticmethod
    def inspect(call: Call, event: Event) -> None:
        """Write down what the client would get."""
        kept: _Awaited | None = call.kept.get("awaited")
        if kept is not None:
            kept.writing.take(call, event)
            if any(part.kind == "arguments" for part in event.parts):
                kept.proposing.append(event)

    async def settle(self, call: Call) -> None:
        """Keep the answer of a call that ended with a question; with `approval_wait_s` wait for the answer here."""
        kept: _Awaited | None = call.kept.get("awaited")
        if kept is None or not isinstance(call.ending, ApprovalRequired):
            return
        reply = Kept(call.id, kept.fingerprint, kept.writing.whole, call.degraded)
        statements, kept.kept_bytes = self._replies.keep(call.key.id, kept.name, reply)
        call.statements.extend(statements)
        self._consent.keep(call, kept.name)
        if call.profile.approval_wait_s and call.cut_by is None and not call.left:
            await self._hold(call, kept)
        life = asyncio.current_task()
        assert life is not None  # noqa: S101 - stages run in a call's task
        life.add_done_callback(lambda _: self._ended(call, kept))

    async def _hold(self, call: Call, kept: _Awaited) -> None:
        """Wait with the connection open; what comes of it is in the call's own record."""
        approved = await self._consent.hold(call)
        if isinstance(call.ending, ApprovalRequired):
            return
        call.statements.append(self._replies.forget(kept.name))
        states = {each.call_id: each for each in approved}
        for told in call.kept["tools"]:
            if told["decision"] == "awaiting":
                told["decision"] = "refused" if call.ending is not None else "authorised"
                if (each := states.get(told.get("id"))) is not None and each.patches:
                    told["arguments"] = each.edited_key
        self._edit(call, kept.proposing, approved)
        kept.approved = approved

    def as_released(self, call: Call, written: bytes | None) -> bytes | None:
        """Return a reply's bytes as they are released: edited, if an approver did that while it was held."""
        kept: _Awaited | None = call.kept.get("awaited")
        edits = {each.call_id: each.patches for each in kept.approved if each.patches} if kept is not None else {}
        if not edits or written is None:
            return written
        events, writing = read_again(call, written), Writing(_REPLY_BYTES_MAX)
        edit_calls(events, edits)
        for event in events:
            writing.take(call, event)
        return writing.whole

    def _ended(self, call: Call, kept: _Awaited) -> None:
        written = isinstance(call.ending, ApprovalRequired)
        self._replies.end(call.key.id, kept.name, kept.kept_bytes if written else None)
