"""What is looked for, one file a family."""

from __future__ import annotations

from ..rule import Rule
from . import contact, digits, identity, national_letters, network, payment, secrets, tokens, wallets

RULES: tuple[Rule, ...] = (
    *contact.RULES,
    *payment.RULES,
    *digits.RULES,
    *national_letters.RULES,
    *identity.RULES,
    *network.RULES,
    *tokens.RULES,
    *wallets.RULES,
    *secrets.RULES,
)
