"""What must not leave, and what must come back as itself: detection, redaction, placeholders, restoration.

Works on texts, and in `reply.py` on the parts of events; knows no HTTP and no vendor's JSON.
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
