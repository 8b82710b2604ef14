"""Questions to approvers: asked by calls, answered once by people, void after their time; kept in `state`.

A question becomes durable in the transaction of the record of the call that asks it; only then it is told. While a
declared run waits for an answer its wall-clock stands still.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from audit.master import MasterKey
from limits.clock import Clock
from limits.entries import Entry

from .approval_rows import ApprovalRows, Query
from .call import Call
from .config.approvals import ApprovalSettings
from .deadlines import standing_still
from .errors import (
    ApprovalDenied,
    ApprovalPending,
    ApprovalRequired,
    InvalidRequest,
    NotAllowed,
    NotFound,
    RateLimitExceeded,
)
from .journal import Journal
from .papers import Key
from .records import asking_of
from .tools.approval import Approval, Status, Teller, check_edit
from .tools.check import Rules
from .tools.trail import key_of

_MASKED_CHARS_MAX = 8_192
_ORDER: tuple[Status, ...] = ("pending", "approved", "denied", "released", "used")


class Approvals:
    """All questions that have not expired. For one event loop."""

    def __init__(
        self,
        journal: Journal,
        query: Query,
        clock: Clock,
        secret: bytes,
        settings: ApprovalSettings,
        *,
        mask: Callable[[str], str],
        rules: Rules = MappingProxyType({}),
        teller: Teller | None = None,
    ) -> None:
        """`mask` hides what guards find in arguments; `secret` is 32 bytes; `rules` are of the tools that have any."""
        self._journal = journal
        self._clock = clock
        self._secret = secret
        self.rows = ApprovalRows(MasterKey(hmac.digest(secret, b"approvals, sealed", "sha256")))
        self._settings = settings
        self._mask = mask
        self._rules = rules
        self._teller = teller
        self._decided: dict[str, asyncio.Event] = {}
        self._by_id: dict[str, Approval] = {}
        self._by_question: dict[tuple[str, str, str, str], Approval] = {}
        self._by_reply: dict[str, dict[str, Approval]] = {}  # by their ids: a question is seen again when it changes
        for approval in self.rows.load(query, clock.utc_us()):
            self._see(approval)

    def _see(self, approval: Approval) -> None:
        self._by_id[approval.id] = approval
        self._by_question[approval.question] = approval
        if approval.edited_key:
            self._by_question[approval.edited_question] = approval
        if approval.reply is not None:
            self._by_reply.setdefault(approval.reply, {})[approval.id] = approval
        if approval.status != "pending" and (waited := self._decided.pop(approval.id, None)) is not None:
            waited.set()

    def _forget(self, approval: Approval) -> None:
        self._decided.pop(approval.id, None)
        self._by_id.pop(approval.id, None)
        for question in (approval.question, approval.edited_question):
            if self._by_question.get(question) is approval:
                del self._by_question[question]
        if approval.reply is not None:
            waiting = self._by_reply.get(approval.reply, {})
            waiting.pop(approval.id, None)
            if not waiting:
                self._by_reply.pop(approval.reply, None)

    def become(self, approval_id: str, new: Approval | None) -> None:
        """Let a question be what another process made of it (None: gone); one that was used here stays used."""
        known = self._by_id.get(approval_id)
        if known is None or new is None:
            (self._see if known is None else self._forget)(new or known)  # type: ignore[arg-type]
        elif _ORDER.index(new.status) >= _ORDER.index(known.status):
            _become(known, new)
            self._see(known)

    def find(
        self, call: Call, tool: str, arguments_key: str, policy: str, *, asker: str | None = None
    ) -> Approval | None:
        """Return the standing question of a call's run (or key, or `asker`) about these arguments under this policy."""
        scope = _scope(call) if asker is None else f"key:{asker}"
        found = self._by_question.get((scope, tool, arguments_key, policy))
        return found if found is not None and self._stands(found) else None

    def _stands(self, approval: Approval) -> bool:
        """Tell whether an answer still counts; a question that nobody answered stands until it is denied."""
        return approval.status == "pending" or self._clock.utc_us() < approval.expires_us

    def waiting_for(self, reply: str) -> list[Approval]:
        """Return the questions that a stored reply waits for; empty if one of them has expired or is used."""
        found = list(self._by_reply.get(reply, {}).values())
        stands = all(self._stands(each) and each.status not in ("released", "used") for each in found)
        return found if stands else []

    def ask(
        self,
        call: Call,
        *,
        tool: str,
        call_id: str,
        arguments: str,
        key: str,
        policy: str,
        rule: str,
        schema: Any = None,
        approvers: int = 1,
        asker: str | None = None,
    ) -> Approval:
        """Make a question; it is durable with the call's next record, and told when `told` is called after that.

        `asker` is who asks, if it is not the call's run or key (then nobody's clock is stopped).
        """
        if len(self._by_id) >= self._settings.open_max:
            raise RateLimitExceeded(
                f"{len(self._by_id)} approvals are open, as many as are kept (approvals.open_max); answer some",
                param="approvals.open_max",
                retry_after_s=60,
            )
        now = self._clock.utc_us()
        approval = Approval(
            id=f"apr_{secrets.token_hex(10)}",
            tenant=call.tenant.id,
            key_id=asker or call.key.id,
            run_id=None if call.run is None or asker else call.run.id,
            tool=tool,
            call_id=call_id,
            arguments_key=key,
            policy=policy,
            rule=rule,
            masked=self._mask(arguments)[:_MASKED_CHARS_MAX],
            made_us=now,
            expires_us=now + self._settings.expires_s * 1_000_000,
            approvers=approvers,
            arguments=arguments,
            schema=schema,
        )
        call.decide("firewall", "awaiting", rule=rule, approval=approval.id, tool=tool)
        if approval.run_id is not None:
            entry = self._journal.ledger.pause_run(approval.run_id, tenant=approval.tenant)
            call.entries.extend([] if entry is None else [entry])
        return approval

    def keep(self, call: Call, asked: Sequence[Approval], reply: str | None = None) -> None:
        """Let questions be written with the call's record; `reply` names the stored answer that waits for them."""
        for approval in asked:
            approval.reply = reply
            self._see(approval)
            call.statements.append(self.rows.put(approval))

    def told(self, asked: Sequence[Approval], *, written: bool) -> None:
        """Tell of questions that are durable; forget those that are not."""
        for approval in asked:
            if written:
                self._tell("approval.requested", approval)
            else:
                self._forget(approval)
                self._resume(approval)

    def take(self, call: Call, approval: Approval, status: Status) -> None:
        """Use a yes up (or give it back) with the call's next record; nobody else can use it from now on."""
        approval.status = status
        call.statements.append(("UPDATE state_approval SET status = ? WHERE id = ?", (status, approval.id)))

    async def decide(
        self, key: Key, approval_id: str, *, yes: bool, patch: Mapping[str, Any] | None = None
    ) -> Approval:
        """Answer a question, durably; `patch` edits its arguments (a JSON merge patch), which makes earlier words void.

        NotAllowed (no approver, the one who asks, or one who said yes before), NotFound, InvalidRequest,
        ToolCallInvalid (the edited arguments do not fit).
        """
        if key.role != "approver":
            raise NotAllowed(f"a key of role {key.role} decides nothing; use one of role approver")
        approval = self._by_id.get(approval_id)
        if approval is None or self._clock.utc_us() >= approval.expires_us:
            raise NotFound("no approval of that id stands open", param="approval")
        if approval.key_id == key.id:
            raise NotAllowed("nobody approves what they asked for themselves")
        if approval.status != "pending":
            raise InvalidRequest(
                f"this was decided before: {approval.status} by {approval.decided_by}", param="approval"
            )
        if not yes:
            return await self._decide(approval, replace(approval, status="denied", voices=(key.id,)), key.id)
        new = replace(approval, voices=(*approval.voices, key.id))
        if patch is not None:
            new = self._edited(replace(new, voices=(key.id,)), patch)
        elif key.id in approval.voices:
            raise NotAllowed(f"you said yes before; {approval.approvers} different approvers must")
        if len(new.voices) >= approval.approvers:
            new = replace(new, status="approved")
        return await self._decide(approval, new, key.id)

    def _edited(self, approval: Approval, patch: Mapping[str, Any]) -> Approval:
        new = replace(approval, patches=(*approval.patches, patch))
        said = check_edit(new, self._rules.get(new.tool, ()))
        return replace(
            new, edited_key=key_of(self._secret, new.tool, said), masked=self._mask(said)[:_MASKED_CHARS_MAX]
        )

    async def _decide(self, approval: Approval, new: Approval, actor: str) -> Approval:
        """Write what was said of a question, let it stand as `new`, and tell those who wait."""
        voices = "" if new.status != "pending" else f", {len(new.voices)} of {new.approvers} agree"
        change = {"object": "approval", "id": new.id, "old": approval.status, "new": f"{new.status}{voices}"}
        if new.edited_key:
            change["edited_from"] = approval.edited_key or approval.arguments_key
        record: dict[str, Any] = {
            "kind": "approval",
            "actor": actor,
            "call": new.call_id,
            "key": new.key_id,
            "policy": new.policy,
            "tool": {"name": new.tool, "arguments": new.edited_key or new.arguments_key},
            "change": change,
        }
        if new.run_id is not None:
            record["run"] = new.run_id
        old = replace(approval)
        _become(approval, new)
        try:
            entries = [] if new.status == "pending" else self._resume(approval)
            await self._journal.write(record, tenant=new.tenant, entries=entries, statements=[self.rows.put(approval)])
        except BaseException:
            _become(approval, old)
            raise
        self._see(approval)
        self._tell("approval.seconded" if approval.status == "pending" else "approval.decided", approval)
        return approval

    async def write(self, call: Call, asked: Sequence[Approval]) -> None:
        """Write new questions now, not with the call's own record, and tell them. AuditUnavailable."""
        await self._journal.write_call(call, asking_of(call, asked))
        self.told(asked, written=True)

    async def wait(self, call: Call, asked: Sequence[Approval], wait_s: float) -> None:
        """Wait until all are answered; who has no answer within `wait_s` is told no. AuditUnavailable.

        Returns early, with questions still open, if the call is cut while it settles.
        """
        with standing_still(call):
            await self._wait(asked, wait_s)

    async def _wait(self, asked: Sequence[Approval], wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                for approval in asked:
                    if approval.status == "pending":
                        await self._decided.setdefault(approval.id, asyncio.Event()).wait()
        except TimeoutError:
            for approval in asked:
                if approval.status == "pending":
                    await self._decide(approval, replace(approval, status="denied", voices=("system",)), "system")

    def _resume(self, approval: Approval) -> list[Entry]:
        """Let the run's wall-clock go on if it waits for no other answer."""
        run_id = approval.run_id
        others = (each for each in self._by_id.values() if each.run_id == run_id and each is not approval)
        if run_id is None or any(each.status == "pending" for each in others):
            return []
        entry = self._journal.ledger.pause_run(run_id, on=False, tenant=approval.tenant)
        return [] if entry is None else [entry]

    async def expire(self) -> int:
        """Deny what nobody answered, forget what is over; return how many were denied. Call it now and then."""
        now, denied = self._clock.utc_us(), 0
        for approval in [each for each in self._by_id.values() if each.expires_us <= now]:
            if approval.status != "pending":
                self._forget(approval)
                continue
            approval.expires_us = now + self._settings.expires_s * 1_000_000  # who waits is told so for a while
            await self._decide(approval, replace(approval, status="denied", voices=("system",)), "system")
            denied += 1
        return denied

    def _tell(self, kind: str, approval: Approval) -> None:
        if self._teller is not None:
            self._teller.tell({"type": kind, **approval.tell()})

    def shown(self, key: Key, status: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield what a key may see, latest first: approvers and administrators all, others what they asked."""
        for approval in reversed(list(self._by_id.values())):
            if status in (None, approval.status) and (key.role in ("admin", "approver") or approval.key_id == key.id):
                yield approval.tell()

    def show(self, key: Key, approval_id: str) -> dict[str, Any]:
        """Return one question; NotFound if there is none that this key may see."""
        for each in self.shown(key):
            if each["id"] == approval_id:
                return each
        raise NotFound("no approval of that id", param="approval")


def _become(approval: Approval, other: Approval) -> None:
    for each in fields(Approval):
        setattr(approval, each.name, getattr(other, each.name))


def required(call: Call, waiting: Sequence[Approval]) -> ApprovalRequired:
    """Return the ending that tells a client what it waits for."""
    ids = ", ".join(each.id for each in waiting)
    tools = ", ".join(dict.fromkeys(each.tool for each in waiting))
    kind = ApprovalPending if call.is_for_tool else ApprovalRequired
    ending = kind(
        f"{tools} needs an approver's yes ({ids}); send the same request again when it is there", param="tools"
    )
    ending.told = {"approval_id": waiting[0].id}
    return ending


def denied(approval: Approval) -> ApprovalDenied:
    """Return the ending for a call that was denied."""
    ending = ApprovalDenied(f"{approval.tool} was denied with these arguments ({approval.id})", param="tools")
    ending.told = {"approval_id": approval.id}
    return ending


def _scope(call: Call) -> str:
    return f"run:{call.run.id}" if call.run is not None else f"key:{call.key.id}"
