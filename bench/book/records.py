"""Records as the gateway writes them for one call: an intent and an outcome."""

from typing import Any

QUESTIONS: tuple[dict[str, Any], ...] = (
    {"run": "run77"},
    {"tenant": "tenant8"},
    {"tool": "tool3", "decision": "authorised"},
    {"rule": "rule1", "model": "model5", "tenant": "tenant4"},
    {"tenant": "tenant2", "key": "key3", "model": "model1"},
    {"model": "model1", "kind": "refusal"},
    {"call": "call_abc"},
)


def pair(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the intent and the outcome of a call."""
    hold = f"h{number:x}"
    who = {
        "call": f"call_{number:x}",
        "key": f"key{number % 97}",
        "profile": "default",
        "policy": "ab12cd34ef567890",
        "route": "/v1/chat/completions",
        "run_by": "key",
        "run": f"run{number // 10}",
        "model": f"model{number % 7}",
    }
    decided = [{"stage": "guard", "decision": "redacted", "rule": f"rule{number % 13}"}] if number % 5 == 0 else []
    held = {"hold": hold, "nano": 123_456, "scopes": ["tenant:acme", "key:key1"], "at_us": number, "expires_us": number}
    intent = {
        **who,
        "kind": "intent",
        "attempt": 1,
        "target": "up/gpt-4o-mini",
        "hold": {"id": hold, "nano_usd": 123_456, "input_tokens": 400, "output_tokens": 1_000, "clamped": 0},
        "decisions": decided,
        "findings": {"email.request.tokenize": 1},
        "ledger": [held],
    }
    tools = [{"name": f"tool{number % 11}", "arguments": "p_abcdef", "decision": "authorised", "id": "c1"}]
    outcome = {
        **who,
        "kind": "outcome",
        "status": {"http": 200, "finish": "stop"},
        "tools": tools if number % 3 == 0 else [],
        "decisions": decided,
        "findings": {"email.request.tokenize": 1},
        "billed": [
            {
                "attempt": 1,
                "target": "up/gpt-4o-mini",
                "nano_usd": 3_333,
                "input_tokens": 350,
                "output_tokens": 100,
                "mark": "reported",
            }
        ],
        "times": {"total": 12_345, "upstream": 11_000, "first_event": 4_000},
        "ledger": [{"settle": hold, "nano": 3_333, "at_us": number}],
    }
    return intent, outcome
