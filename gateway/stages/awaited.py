"""Recall's side of approvals: an answer that waits for a person's yes is kept sealed, and given when the yes is there.

The same canonical request of the same declared run gets it, without a model call or step; outside a run the request
names the approval in `x-tollhouse-approval-id`. Until then, and after a no, it is refused without asking a model.
"""

import asyncio
from dataclasses import dataclass

from ..approvals import Approvals, denied, required
from ..call import Call, Event, Reply, reply_of
from ..errors import ApprovalRequired
from ..replies import Kept, Replies
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
    kept_bytes: int | None = None


class Awaited:
    """Keeps and gives answers that wait; `replies` seals them."""

    def __init__(self, replies: Replies, approvals: Approvals, consent: Consent) -> None:
        self._replies = replies
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
            return reply_of(read_again(call, kept.written), degraded=kept.degraded, cached=True)
        call.kept["awaited"] = _Awaited(name, fingerprint, Writing(_REPLY_BYTES_MAX))
        return None

    @staticmethod
    def inspect(call: Call, event: Event) -> None:
        """Write down what the client would get."""
        kept: _Awaited | None = call.kept.get("awaited")
        if kept is not None:
            kept.writing.take(call, event)

    def settle(self, call: Call) -> None:
        """Keep the answer of a call that ended with a question."""
        kept: _Awaited | None = call.kept.get("awaited")
        if kept is None or not isinstance(call.ending, ApprovalRequired):
            return
        reply = Kept(call.id, kept.fingerprint, kept.writing.whole, call.degraded)
        statements, kept.kept_bytes = self._replies.keep(call.key.id, kept.name, reply)
        call.statements.extend(statements)
        self._consent.keep(call, kept.name)
        life = asyncio.current_task()
        assert life is not None  # noqa: S101 - stages run in a call's task
        life.add_done_callback(lambda _: self._ended(call, kept))

    def _ended(self, call: Call, kept: _Awaited) -> None:
        written = isinstance(call.ending, ApprovalRequired)
        self._replies.end(call.key.id, kept.name, kept.kept_bytes if written else None)
