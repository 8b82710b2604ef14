"""The record: what one line of the book says. docs/audit.md has the same table for auditors; a test compares the two.

Records are plain dicts for speed; the book adds `v`, `at`, `tenant` and `tseq` when it writes them. A new field comes
without a new version; a changed or dropped one needs a new `v`, and old versions stay readable for ever.
"""

from typing import Any

from .errors import RecordRefused

SCHEMA_VERSION = 1

KINDS = {
    "intent": "an attempt is about to be sent: its hold and target, durable before the upstream sees a byte",
    "outcome": "a call has ended: what each stage decided, what was billed, how it ended",
    "refusal": "we said no before anything was sent",
    "strangers": "how many callers without a valid key came in a minute, by reason",
    "authorisation": "proposed tool calls were checked; durable before they are released",
    "result": "a tool call's result came back",
    "approval": "a person allowed or denied a tool call",
    "admin": "a tenant, key, cap or run was made, changed or ended, and by whom",
    "reload": "the configuration was read, with its digest",
    "ledger": "a ledger entry without a call: expire, refund, confirm",
    "warning": "a soft cap was reached: of which scope, its limit, what was settled",
    "erasure": "keys or contents were destroyed: of a subject, of a tenant, by retention, by a new master key",
    "repair": "the book was found unclosed or cut and was taken up again",
}

FIELDS = {
    "v": "schema version of this record",
    "at": "when it was written, µs since 1970 UTC; never decreases",
    "tenant": "who pays; absent if the record belongs to nobody",
    "tseq": "number of the record within its tenant, from 1, without gaps",
    "kind": "one of the kinds above",
    "call": "id of the client's request",
    "attempt": "number of the attempt within the call, from 1",
    "key": "public id of the key that spoke",
    "profile": "policy the key has",
    "policy": "digest of the configuration in force",
    "session": "id of the conversation, pseudonym if the client made it",
    "run": "id of the run, pseudonym if the client made it",
    "run_by": "how the run was found: key, path, header, inferred, own",
    "step": "number of the step within the run",
    "user": "pseudonym of the person that the call is for, where the policy reads it",
    "feature": "what the call is for, by the operator's own name, where the policy reads it",
    "phase": "phase announced by the runner: plan, replan, act, reflect, vote, answer",
    "route": "route and dialect that were called",
    "model": "model that was asked for",
    "target": "upstream, model and address that an attempt goes to",
    "tool": "tool that this call runs: name, id, digest of the arguments, what it touches, whether it writes or sends",
    "tools": "tool calls: id, name, digest of the arguments, decision, rule",
    "data": "what a tool touched, as declared: source, class, number of items",
    "decisions": "each stage's decision: stage, verdict, rule, limit, actual",
    "findings": "what guards found: kind, direction, action, count; never the value",
    "hold": "what was reserved: id, nano-dollars, tokens, expiry",
    "billed": "what was settled: nano-dollars, tokens in and out, source of the figures, difference to our count",
    "ledger": "ledger entries, verbatim, in their order; a restart replays them",
    "status": "how it ended: HTTP status and error code",
    "degraded": "why the answer is not the asked model's own: fallback, stored",
    "times": "durations in µs by name",
    "payload": "commitments to payloads kept beside the log: name, salted SHA-256, bytes",
    "actor": "who did it: admin key's public id, local:<uid>, system",
    "change": "what was changed: object, id, old and new values without secrets",
    "counts": "figures of an aggregate record, by name",
    "reason": "why, in words without personal data",
    "size": "tree size that a repair found",
}


TENANT_CHARACTERS_MAX = 200


def check_record(record: dict[str, Any]) -> None:
    """Raise RecordRefused unless the kind is known, the run is a string, and the book's own fields are left to it."""
    kind, run = record.get("kind"), record.get("run")
    if type(kind) is not str or kind not in KINDS:
        raise RecordRefused(f"a record of kind {kind!r} is not known; one of {', '.join(KINDS)} is")
    if run is not None and type(run) is not str:
        raise RecordRefused(f"a record's run is a string, got a {type(run).__name__}")
    if "tseq" in record or "at" in record or "tenant" in record or "v" in record:
        raise RecordRefused("`at`, `tenant`, `tseq` and `v` are set by the book, a record must not bring them")


def check_tenant(tenant: str) -> None:
    """Raise RecordRefused unless the name fits a line of a signed head."""
    if type(tenant) is not str or not tenant or not tenant.isprintable() or len(tenant) > TENANT_CHARACTERS_MAX:
        raise RecordRefused(f"{tenant!r} is no tenant: 1 to {TENANT_CHARACTERS_MAX} printable characters")


def intent(**fields: Any) -> dict[str, Any]:
    """Return an `intent` record of these fields."""
    return {"kind": "intent", **fields}


def outcome(**fields: Any) -> dict[str, Any]:
    """Return an `outcome` record of these fields."""
    return {"kind": "outcome", **fields}


def refusal(**fields: Any) -> dict[str, Any]:
    """Return a `refusal` record of these fields."""
    return {"kind": "refusal", **fields}


def admin(*, actor: str, change: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an `admin` record: who changed what."""
    return {"kind": "admin", "actor": actor, "change": change, **fields}


def repair(*, reason: str, size: int) -> dict[str, Any]:
    """Return a `repair` record: why, and the tree size that was found."""
    return {"kind": "repair", "reason": reason, "size": size, "actor": "system"}
