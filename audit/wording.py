"""Records in words that a person without technical training can read. Pure: a record in, sentences out.

What is not known here is told by its own name rather than left out: a page that skips what it does not understand would
lie.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import orjson

RULES = {
    "unknown": "the assistant asked for a tool that it had not been offered",
    "id": "two tool calls carried the same number",
    "calls": "too many tool calls at once",
    "tool_calls": "the run has no tool calls left",
    "json": "the arguments were not well formed",
    "object": "the arguments were not well formed",
    "size": "the arguments were too long",
    "identical": "the same tool was called again and again without progress",
    "same_call": "the same tool was called again and again without progress",
    "same_error": "the tool kept failing in the same way",
    "cycle": "the assistant went round in circles",
}
ACTIONS = {
    "mask": "made unreadable before it went on",
    "tokenize": "replaced by a placeholder before it went on",
    "block": "recognised, and the request was stopped because of it",
    "observe": "noticed and left as it was",
}
DIRECTIONS = {
    "request": "in what was sent to the model",
    "reply": "in the model's answer",
    "tool_arguments": "in what was handed to a tool",
    "tool_result": "in what a tool brought back",
    "memory": "in what was remembered",
}
CODES = {
    "content_blocked": "it held personal data or secrets that may not leave",
    "budget_exceeded": "a spending or usage limit was reached",
    "budget_held": "the budget was fully reserved by other work",
    "run_ended": "the task had been ended before",
    "tool_call_invalid": "a tool call of the model was not allowed or not well formed",
    "tool_not_allowed": "this tool is not allowed here",
    "model_not_allowed": "this model is not allowed here",
    "loop_detected": "the assistant repeated itself without progress",
    "approval_required": "a person has to approve it first",
    "approval_denied": "a person did not approve it",
    "rate_limit_exceeded": "too many requests came at once",
    "deadline_exceeded": "it took too long",
    "upstream_error": "the model's provider failed",
    "upstream_unavailable": "the model's provider could not be reached",
    "audit_unavailable": "it could not be recorded, and nothing is done unrecorded",
}
_DECIDED = {
    "blocked": "stopped it",
    "refused": "refused it",
    "redacted": "replaced personal data",
    "clamped": "shortened the longest answer that was allowed",
    "nudged": "told the assistant that it repeats itself",
    "fallback": "used another model instead",
    "breaker_open": "did not ask a provider that was failing",
    "retry": "asked the provider again",
    "replayed": "gave the answer of the same earlier request again",
    "hit": "gave a stored answer to an equal question",
    "stored_answer": "gave a prepared answer because no model could be reached",
    "last_good": "gave the last good answer because no model could be reached",
    "unscanned": "passed a part on that it cannot look into",
}
_TOOL_TITLES = {
    "intent": "About to run the tool {}",
    "outcome": "Ran the tool {}",
    "refusal": "Running the tool {} was refused",
}
_TOOL_DECIDED = {
    "authorised": "was allowed",
    "refused": "was refused",
    "withheld": "was held back because another call of the same answer was refused",
    "result": "brought its result back",
}


def instant(at_us: int) -> str:
    """Return an instant (µs since 1970) as people write it, in UTC."""
    return dt.datetime.fromtimestamp(at_us / 1_000_000, dt.UTC).strftime("%-d %B %Y, %H:%M:%S UTC")


def dollars(nano: int) -> str:
    """Return nano-dollars with as many places as they need, two at least."""
    whole, rest = divmod(abs(nano), 10**9)
    places = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nano < 0 else ''}${whole:,}.{places}"


def title(record: dict[str, Any]) -> str:
    """Return what a record is about, in a few words."""
    kind = record["kind"]
    tool = (record.get("tool") or {}).get("name")
    if tool is not None and kind in _TOOL_TITLES:
        return _TOOL_TITLES[kind].format(tool)
    model = f" the model {record['model']}" if "model" in record else " a model"
    if kind == "intent":
        return f"About to ask{model}"
    if kind == "outcome":
        return f"Asked{model}"
    if kind == "refusal":
        return f"A request to{model} was refused"
    change = record.get("change") or {}
    return {
        "admin": f"The {change.get('object', 'setting')} was {_changed(change)}",
        "approval": "A person decided",
        "authorisation": "Tool calls were checked",
        "result": "A tool brought its result back",
        "erasure": "Stored contents were destroyed",
        "ledger": "An account was corrected",
    }.get(kind, f"A record of kind {kind}")


def _changed(change: dict[str, Any]) -> str:
    return "opened" if change.get("old") is None else f"changed to {_plain(change.get('new'))}"


def sentences(record: dict[str, Any]) -> list[str]:
    """Return what a record says, as sentences."""
    return [
        *_who(record),
        *_findings(record),
        *_data(record),
        *_tools(record),
        *_decisions(record),
        *_ending(record),
        *_billed(record),
        *_rest(record),
    ]


def _who(record: dict[str, Any]) -> Iterator[str]:
    if record["kind"] == "intent" and "target" in record:
        yield f"The request was recorded before it was sent to {record['target']}."
    if "actor" in record:
        yield f"It was done by {record['actor']}."
    if "phase" in record:
        yield f"The assistant called this step “{record['phase']}”."


def _findings(record: dict[str, Any]) -> Iterator[str]:
    for name, count in (record.get("findings") or {}).items():
        kind, direction, action = [*name.split("."), "", ""][:3]
        times = "One value" if count == 1 else f"{count} values"
        verb = "was" if count == 1 else "were"
        where, what = DIRECTIONS.get(direction, direction), ACTIONS.get(action, action)
        yield f"{times} of the kind “{kind.replace('_', ' ')}” {where} {verb} {what}."


def _data(record: dict[str, Any]) -> Iterator[str]:
    for each in record.get("data") or ():
        said = ", ".join(f"{name}: {_plain(value)}" for name, value in each.items())
        yield f"Data that was used — {said}."
    kept = record.get("payload")
    if kept:
        yield f"Its text ({kept.get('bytes', 0):,} bytes) is kept encrypted, bound to this record."


def _tools(record: dict[str, Any]) -> Iterator[str]:
    run = record.get("tool")
    if run and record["kind"] == "approval":
        yield f"Calling the tool “{run.get('name', '?')}” was {(record.get('change') or {}).get('new', 'decided')}."
    elif run:
        marks = [
            word for mark, word in (("writes", "changes something"), ("sends", "sends something")) if run.get(mark)
        ]
        does = f", which {' and '.join(marks)}" if marks else ""
        seen = f" It works on: {_plain(run['touches'])}." if run.get("touches") else ""
        yield f"The tool “{run.get('name', '?')}”{does}, was called.{seen}".replace("”, was", "” was")
    for each in record.get("tools") or ():
        decided = _TOOL_DECIDED.get(each.get("decision", ""), each.get("decision", "was seen"))
        rule = each.get("rule")
        because = f", because {RULES.get(rule, f'of the rule “{rule}”')}" if rule else ""
        yield f"The tool “{each.get('name', '?')}” {decided}{because}."


def _decisions(record: dict[str, Any]) -> Iterator[str]:
    for each in record.get("decisions") or ():
        stage, decision = each.get("stage", "a check"), each.get("decision", "decided")
        rule = each.get("rule")
        because = f" — {RULES.get(rule, f'rule “{rule}”')}" if rule else ""
        figures = ", ".join(
            f"{name.replace('_', ' ')} {_plain(value)}"
            for name, value in each.items()
            if name not in ("stage", "decision", "rule")
        )
        said = _DECIDED.get(decision, decision)
        yield f"The check “{stage}” {said}{because}{f' ({figures})' if figures else ''}."


def said(content: bytes) -> str:
    """Return kept contents as people read them: a paragraph for each who spoke, else as they are."""
    try:
        texts = orjson.loads(content)["texts"]
        return "\n\n".join(f"{role}: {text}" for role, text in texts)
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")


def _ending(record: dict[str, Any]) -> Iterator[str]:
    status = record.get("status")
    if status is None:
        return
    code = status.get("code")
    if code:
        limit = f" The limit was {status['limit']}." if "limit" in status else ""
        actual = f" What was asked for or used was {status['actual']}." if "actual" in status else ""
        yield f"It was not carried out: {CODES.get(code, code)} ({code}).{limit}{actual}"
    elif record["kind"] == "outcome":
        yield "The answer was delivered." + (" The caller left before its end." if status.get("left") else "")
    if record.get("degraded"):
        yield f"The answer is not the asked model's own: {record['degraded']}."


def _billed(record: dict[str, Any]) -> Iterator[str]:
    charges = [each for each in record.get("billed") or () if "nano_usd" in each]
    if charges:
        nano = sum(each["nano_usd"] for each in charges)
        read = sum(each.get("input_tokens", 0) for each in charges)
        written = sum(each.get("output_tokens", 0) for each in charges)
        yield f"It cost {dollars(nano)} ({read:,} tokens read, {written:,} written)."


def _rest(record: dict[str, Any]) -> Iterator[str]:
    if record["kind"] == "admin":
        limits = (record.get("change") or {}).get("new")
        if isinstance(limits, dict):
            said = [f"{_limit(name, value)}" for name, value in limits.items() if value is not None]
            if said:
                yield f"Its limits: {'; '.join(said)}."
    if "reason" in record:
        yield f"Reason: {record['reason']}."


def _limit(name: str, value: Any) -> str:
    if name == "nano_usd" and isinstance(value, int):
        return f"at most {dollars(value)}"
    return f"{name.replace('_', ' ')} {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
