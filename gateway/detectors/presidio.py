"""Presidio as a plug-in: `gateway.detectors.presidio:detector`. An extra of its own environment, never the gateway's.

`detector` runs without a language model (a blank spaCy pipeline), so it brings Presidio's patterns and checks. Names
and places need a model, which is yours to choose: name a factory in a module of your own that returns
`detecting(spacy.load("en_core_web_lg"))`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import spacy  # type: ignore[import-not-found]
from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]
from presidio_analyzer.nlp_engine import SpacyNlpEngine  # type: ignore[import-not-found]

Span = tuple[int, int, str, str]
_KINDS = {
    "EMAIL_ADDRESS": "email",
    "PERSON": "person",
    "LOCATION": "address",
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


class _Loaded(SpacyNlpEngine):  # type: ignore[misc]
    """An engine with a pipeline that is there already: Presidio's own would download one that is not."""

    def __init__(self, pipeline: Any) -> None:
        super().__init__()
        self.nlp = {"en": pipeline}

    def is_loaded(self) -> bool:
        """Nothing is to be loaded."""
        return True


def detector() -> Callable[[str, float], list[Span]]:
    """Return Presidio as a detector whose pipeline only splits words."""
    return detecting(spacy.blank("en"))


def detecting(pipeline: Any) -> Callable[[str, float], list[Span]]:
    """Return Presidio as a detector over an English spaCy pipeline; entities that have no kind here are left out."""
    engine = AnalyzerEngine(nlp_engine=_Loaded(pipeline), supported_languages=["en"])

    def detect(text: str, _deadline_s: float) -> list[Span]:
        found = engine.analyze(text, language="en", score_threshold=_SCORE_MIN)
        return sorted(
            (each.start, each.end, _KINDS[each.entity_type], f"presidio.{each.entity_type.lower()}")
            for each in found
            if each.entity_type in _KINDS
        )

    return detect
