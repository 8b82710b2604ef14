"""Presidio's results as ours: the kinds that we know, ascending. A stand-in for its packages is what finds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from gateway.guards.policy import KINDS


@dataclass(frozen=True)
class Result:
    """What Presidio says of a finding, as far as we read it (RecognizerResult)."""

    entity_type: str
    start: int
    end: int
    score: float = 1.0


class Blank:
    """In place of SpacyNlpEngine and of a spaCy pipeline."""


class Engine:
    """In place of AnalyzerEngine: finds `ENTITY:score` words, below the threshold too unless it is heeded."""

    def __init__(self, nlp_engine: Any, supported_languages: list[str]) -> None:
        assert nlp_engine.is_loaded()  # else Presidio would load, and so download, a model
        assert nlp_engine.nlp.keys() == set(supported_languages)

    def analyze(self, text: str, *, language: str, score_threshold: float) -> list[Result]:
        """Return the last word's result first: Presidio promises no order."""
        assert language == "en"
        found = []
        for word in reversed(text.split()):
            entity, _, score = word.partition(":")
            start = text.index(word)
            found.append(Result(entity, start, start + len(entity), float(score or 1)))
        return [each for each in found if each.score >= score_threshold]


Detect = Callable[[str, float], list[tuple[int, int, str, str]]]


@pytest.fixture
def presidio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the plug-in with stand-ins for packages that are never in the gateway's environment."""
    parts: dict[str, dict[str, Any]] = {
        "spacy": {"blank": lambda _language: Blank()},
        "presidio_analyzer": {"AnalyzerEngine": Engine},
        "presidio_analyzer.nlp_engine": {"SpacyNlpEngine": Blank},
    }
    for name, members in parts.items():
        module = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "gateway.guards.presidio", raising=False)
    yield importlib.import_module("gateway.guards.presidio")
    sys.modules.pop("gateway.guards.presidio", None)


def test_every_name_of_presidios_that_we_read_is_one_of_our_kinds(presidio: Any) -> None:
    assert set(presidio._KINDS.values()) <= set(KINDS)


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        ("EMAIL_ADDRESS", "email"),
        ("PHONE_NUMBER", "phone"),
        ("CREDIT_CARD", "card"),
        ("IBAN_CODE", "iban"),
        ("US_SSN", "ssn"),
        ("US_ITIN", "tax_id"),
        ("UK_NHS", "national_id"),
        ("CRYPTO", "wallet"),
    ],
)
def test_a_finding_keeps_its_place_and_takes_our_kind_and_a_rule_that_names_presidio(
    presidio: Any, entity: str, kind: str
) -> None:
    detect: Detect = presidio.detector()
    assert detect(f"so {entity}", 2) == [(3, 3 + len(entity), kind, f"presidio.{entity.lower()}")]


def test_findings_ascend_and_those_without_a_kind_here_are_left_out(presidio: Any) -> None:
    detect: Detect = presidio.detector()
    assert [each[2] for each in detect("US_SSN DATE_TIME CREDIT_CARD NRP IP_ADDRESS", 2)] == ["ssn", "card", "ip"]


def test_a_finding_that_presidio_hardly_believes_is_not_asked_for(presidio: Any) -> None:
    detect: Detect = presidio.detector()
    assert [each[2] for each in detect("US_SSN:0.05 CREDIT_CARD:0.4", 2)] == ["card"]
