"""What is looked for, one file a family."""

from __future__ import annotations

from ..rule import Rule
from . import contact, digits, network, payment, secrets, tokens

RULES: tuple[Rule, ...] = (
    *contact.RULES,
    *payment.RULES,
    *digits.RULES,
    *network.RULES,
    *tokens.RULES,
    *secrets.RULES,
)
