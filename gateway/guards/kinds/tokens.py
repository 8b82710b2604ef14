"""Secret tokens whose issuers document their form; one line each: name, pattern, source."""

from __future__ import annotations

from ..rule import Rule, pattern_rule

_TOKENS: tuple[tuple[str, str, str], ...] = (
    ("openai", r"\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_\-]{20,200}", "OpenAI API reference, authentication"),
    ("anthropic", r"\bsk-ant-[a-z0-9]{3,10}-[A-Za-z0-9_\-]{20,200}", "Anthropic API keys"),
    ("github", r"\bgh[pousr]_[A-Za-z0-9]{36,255}", "GitHub, about authentication: token formats"),
    ("aws_key_id", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b", "AWS IAM, unique identifiers"),
    ("stripe", r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}", "Stripe API keys"),
    ("slack", r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,255}", "Slack token types"),
    ("google_api", r"\bAIza[A-Za-z0-9_\-]{35}", "Google Cloud API keys"),
)
RULES: tuple[Rule, ...] = tuple(
    pattern_rule(f"secret.{name}", "secret", pattern, source) for name, pattern, source in _TOKENS
)
