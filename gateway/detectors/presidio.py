"""Presidio as a plug-in: `gateway.detectors.presidio:detector`. An extra of its own environment, never the gateway's.

It runs without a language model (a blank spaCy pipeline), so it brings Presidio's patterns and checks; for names and
places give it a model of your own through the factory of a module of yours.
"""

from __future__ import annotations

from collections.abc import Callable

import spacy  # type: ignore[import-not-found]
from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]
from presidio_analyzer.nlp_engine import SpacyNlpEngine  # type: ignore[import-not-found]

Span = tuple[int, int, str, str]
_KINDS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
    "IP_ADDRESS": "ip",
    "MAC_ADDRESS": "mac",
    "CRYPTO": "wallet",
    "US_PASSPORT": "passport",
    "US_DRIVER_LICENSE": "licence",
    "US_ITIN": "tax_id",
    "UK_NHS": "national_id",
    "ES_NIF": "national_id",
    "IT_FISCAL_CODE": "national_id",
    "PL_PESEL": "national_id",
    "SG_NRIC_FIN": "national_id",
    "AU_TFN": "tax_id",
    "AU_MEDICARE": "national_id",
    "IN_PAN": "tax_id",
    "IN_AADHAAR": "national_id",
    "FI_PERSONAL_IDENTITY_CODE": "national_id",
}
_SCORE_MIN = 0.4


class _Blank(SpacyNlpEngine):  # type: ignore[misc]
    """An engine whose pipeline only splits words."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}

    def is_loaded(self) -> bool:
        """Nothing is to be loaded."""
        return True


def detector() -> Callable[[str, float], list[Span]]:
    """Return Presidio as a detector; entities that have no kind here are left out."""
    engine = AnalyzerEngine(nlp_engine=_Blank(), supported_languages=["en"])

    def detect(text: str, _deadline_s: float) -> list[Span]:
        found = engine.analyze(text, language="en", score_threshold=_SCORE_MIN)
        return sorted(
            (each.start, each.end, _KINDS[each.entity_type], f"presidio.{each.entity_type.lower()}")
            for each in found
            if each.entity_type in _KINDS
        )

    return detect
