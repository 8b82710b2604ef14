# ruff: noqa: E501 - a pattern is read in one line
"""Labels for text that seems to give the model orders where only information is expected (tool results).

A heuristic knows the phrases it was given and no others: it scores and labels, so that a record or a policy can act; what
protects is what the gateway knows for certain (allow-lists, schemas, approvals, limits).
"""

from __future__ import annotations

from .denials import Denials

_LABELS: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
    ("override", r"(?i)\b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+|any\s+|the\s+|your\s+|of\s+|these\s+|my\s+){0,4}(?:previous|prior|above|earlier|preceding|system|original|safety)\s+(?:instruction|prompt|rule|direction|message|guideline|context|constraint)", ()),
    ("new_role", r"(?i)\byou\s+are\s+now\s+(?:a|an|the|in|no\s+longer)\b|\b(?:act|pretend|behave)\s+as\s+(?:if\s+you|an?\s+(?:unrestricted|different|evil|admin))|\b(?:developer|dan|god|jailbreak)\s+mode\b", ()),
    ("new_orders", r"(?i)\b(?:new|updated|important|urgent|real|actual)\s+(?:system\s+)?(?:instruction|order|directive|task)s?\s*(?::|for\s+(?:you|the\s+(?:assistant|ai|agent|model)))|\b(?:before|instead\s+of)\s+(?:you\s+)?(?:answer|solv|continu|do)\w*[^.\n]{0,40}\b(?:must|first|please)\b", ()),
    ("markup", r"(?i)<\|?(?:im_start|system|/?inst|assistant|endoftext|start_header_id)\|?>|\[/?(?:INST|SYSTEM)\]|^#{2,}\s*(?:system|instruction)s?\s*:?$|<\s*(?:information|important|system[_\- ](?:message|prompt|reminder))\s*>", ()),
    ("secrecy", r"(?i)\b(?:do\s+not|don't|never|without)\s+(?:tell|inform|mention|reveal|notify|alert|telling|informing|mentioning)\w*\s+(?:this\s+|it\s+|any\s+of\s+this\s+|to\s+)*(?:the\s+)?(?:user|anyone|human|owner|customer)", ()),
    ("exfiltrate", r"(?i)\b(?:send|forward|post|upload|email|transmit|exfiltrate|leak)\b[^.\n]{0,80}\b(?:password|api\s*key|secret|credential|token|system\s+prompt|conversation|chat\s+history|all\s+(?:emails|files|data|messages))\b", ()),
    ("reveal_prompt", r"(?i)\b(?:reveal|print|repeat|show|output|display)\b[^.\n]{0,30}\b(?:your|the)\s+(?:system|hidden|initial|original)\s+(?:prompt|instruction|message)", ()),
)  # fmt: skip
_DENIALS = Denials(_LABELS)


def labels(text: str) -> list[str]:
    """Return what the text seems to try, as labels; empty for almost all."""
    return _DENIALS.found(text)
