"""What the book says of a call: the intent of an attempt, and the outcome or refusal of the call.

Integers and strings only; no text of the call, no client-made id, nothing a guard found. docs/audit.md explains each
field to the auditor.
"""

from collections.abc import Sequence
from typing import Any

from .call import Attempt, Call
from .errors import Failure
from .tools.approval import Approval
from .tools.check import told_of


def intent_of(attempt: Attempt) -> dict[str, Any]:
    """Return the record of an attempt that is about to be sent."""
    call = attempt.call
    record = _who(call, "intent")
    record["attempt"] = attempt.number
    record["target"] = attempt.target.name
    record["hold"] = _hold(attempt)
    record["decisions"] = call.decisions
    if call.findings:
        record["findings"] = call.findings
    return record


def outcome_of(call: Call, now_ns: int) -> dict[str, Any]:
    """Return the record of a call that has ended; its times are µs from the request's head on."""
    ending = call.ending
    billable = [attempt for attempt in call.attempts if attempt.hold is not None]
    refused = ending is not None and not isinstance(ending, Failure) and not billable
    record = _who(call, "refusal" if refused else "outcome")
    record["decisions"] = call.decisions
    if call.findings:
        record["findings"] = call.findings
    if tools := call.kept.get("tools"):
        record["tools"] = tools
    if ending is None:
        record["status"] = {"http": 200, "finish": call.finish or ""}
    else:
        record["status"] = {"http": ending.status, "code": ending.code}
        for name, value in (("param", ending.param), ("limit", ending.limit), ("actual", ending.actual)):
            if value is not None:
                record["status"][name] = value
    if call.left:
        record["status"]["left"] = 1
    if billable:
        record["billed"] = [_billed(attempt) for attempt in billable]
    if call.degraded:
        record["degraded"] = call.degraded
    times = {"total": (now_ns - call.started_ns) // 1_000}
    if billable and billable[-1].first_event_ns is not None:
        times["first_event"] = (billable[-1].first_event_ns - call.started_ns) // 1_000
        times["upstream"] = sum(max(0, attempt.heard_ns - attempt.started_ns) for attempt in billable) // 1_000
    record["times"] = times
    return record


def asking_of(call: Call, asked: Sequence[Approval]) -> dict[str, Any]:
    """Return the record of questions that a call waits for with its connection open."""
    record = {
        "kind": "approval",
        "actor": call.key.id,
        "call": call.id,
        "key": call.key.id,
        "policy": call.profile.version,
        "tools": [told_of(each.call_id, each.tool, each.arguments_key, "awaiting", each.rule) for each in asked],
        "change": {"object": "approval", "id": ", ".join(each.id for each in asked), "old": None, "new": "pending"},
    }
    if call.run is not None:
        record["run"] = call.run.id
    return record


def _who(call: Call, kind: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": kind,
        "call": call.id,
        "key": call.key.id,
        "profile": call.profile.name,
        "policy": call.profile.version,
        "route": call.path,
        "run_by": call.run_found_by,
    }
    if call.run is not None:
        record["run"] = call.run.id
    if call.step:
        record["step"] = call.step
    if call.session is not None:
        record["session"] = call.session
    if tags := call.kept.get("tags"):
        record |= tags
    if call.phase is not None:
        record["phase"] = call.phase
    if call.model is not None and call.is_for_tool:
        record["tool"] = _tool(call)
    elif call.model is not None:
        record["model"] = call.model.name
    return record


def _tool(call: Call) -> dict[str, Any]:
    """Return which tool is called, under which identity, with what (as a MAC), and the data that it touches."""
    settings = call.model.settings
    told: dict[str, Any] = {"name": settings.name}
    if key := call.kept.get("tool_key"):
        told["id"], told["arguments"] = call.kept["tool_call_id"], key
    told |= {mark: 1 for mark in ("writes", "sends") if getattr(settings, mark)}
    if settings.touches:
        told["touches"] = list(settings.touches)
    return told


def _hold(attempt: Attempt) -> dict[str, int | str]:
    hold = attempt.hold
    return {
        "id": hold.id,
        "nano_usd": hold.nano,
        "input_tokens": hold.input_tokens,
        "output_tokens": hold.output_tokens,
        "clamped": int(attempt.clamped),
    }


def _billed(attempt: Attempt) -> dict[str, int | str]:
    billed: dict[str, int | str] = {"attempt": attempt.number, "target": attempt.target.name}
    charge = attempt.charge
    if charge is not None:
        billed["nano_usd"] = charge.nano
        billed["input_tokens"] = charge.input_tokens
        billed["output_tokens"] = charge.output_tokens
        billed["mark"] = charge.mark
        billed["price"] = attempt.kept["price"].origin
        if (checked := attempt.kept.get("counted")) is not None:
            billed["counted_input_tokens"] = checked.input_tokens
            billed["counted_output_tokens"] = checked.output_tokens
    if attempt.failure is not None:
        billed["failure"] = attempt.failure.code
    return billed
