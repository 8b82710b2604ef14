"""What must not leave, and what must come back as itself: detection, redaction, placeholders, restoration.

Works on texts only; knows no HTTP and no vendor's JSON, and imports nothing else of the gateway.
"""

from __future__ import annotations

from .cargo import redact_cargo
from .detect import Detector
from .findings import Finding, Hit
from .policy import Action, Direction, Policy
from .redact import Redactor
from .vault import Vault, VaultFull, VaultSealBroken

__all__ = [
    "Action",
    "Detector",
    "Direction",
    "Finding",
    "Hit",
    "Policy",
    "Redactor",
    "Vault",
    "VaultFull",
    "VaultSealBroken",
    "redact_cargo",
]
