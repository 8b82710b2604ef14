"""What is given to the two processes of the demo: the provider's script and the gateway's configuration."""

from typing import Any

MODEL = "gpt-4o-mini"
STORED_ANSWER = "We cannot reach the model right now. Please try again in a few minutes."
PAYMENT_QUESTION = "Confirm the refund to {email}, card {card}."
TOLL_ANSWER = "It takes a toll before it lets anyone pass, and writes down who went through."
ATTEMPTS_MAX = 3
BREAKER_FAILURES = 5
BREAKER_OPEN_S = 2

_NOTE = "Compare the region's figures with the plan; note each deviation over 2.5 %, its cause, and who owns it. "
MATERIAL = _NOTE * 108
"""11 KB that an agent gives to each step: 2,800 tokens, four bytes each."""
REPORT = _NOTE * 200
"""What the model writes at length, until it is cut at the output limit."""

SCRIPT: dict[str, Any] = {
    "models": [MODEL],
    "price": {"input_pico": 150_000, "output_pico": 600_000},
    "rules": [
        {"match": "[Ww]hat does a tollhouse do", "replies": [{"text": TOLL_ANSWER}]},
        {"match": "^Confirm", "replies": [{"text": "I repeat: {text}"}]},
        {"match": "^Plan", "replies": [{"text": REPORT[:13_000]}]},
        {"match": "^Step", "replies": [{"text": REPORT}]},
        {"match": "^Describe article", "replies": [{"text": REPORT[:1_280], "delay_s": 0.05}]},
    ],
}

CONFIG: dict[str, Any] = {
    "listen": {"host": "127.0.0.1", "port": 0},
    "folder": "tollhouse-data",
    "upstreams": [
        {
            "name": "provider",
            "kind": "openai_compatible",
            "private_addresses": True,
            "breaker": {"failures_max": BREAKER_FAILURES, "open_s": BREAKER_OPEN_S},
        }
    ],
    "models": [
        {
            "name": MODEL,
            "targets": [{"upstream": "provider", "model": MODEL}],
            "price": {"input_usd_per_million": "0.15", "output_usd_per_million": "0.60"},
            "stored_answer": STORED_ANSWER,
            "retries": {"attempts_max": ATTEMPTS_MAX, "base_s": 0.05},
        }
    ],
}
