"""The goals of detection hold on a small sample of the seeded corpus (bench/detection)."""

from __future__ import annotations

import json

from bench.detection.__main__ import page, reached, tree
from bench.detection.corpus import Document, documents
from bench.detection.detectors import OTHERS, OURS, other, ours
from bench.detection.score import scored
from gateway.guards import Hit


def test_the_goals_of_detection_hold_on_a_fresh_sample() -> None:
    score = scored(ours(), list(documents(2024, 800)))
    assert score.f1("all") >= 0.90
    assert score.f1("clean") >= 0.95
    assert score.f1("agent") >= 0.93
    assert score.f1("obfuscated") >= 0.80
    assert score.share_touched() <= 0.04
    assert reached(score)


def test_what_is_missed_or_wrong_lowers_the_score_and_is_shown() -> None:
    text = "mail a@example.com now"
    corpus = [Document("clean", text, ((5, 18, "email"),)), Document("negative", "version 1.2.3.4", ())]
    wrong = [Hit(19, 22, "phone", "r")]
    score = scored(lambda _: [wrong, []], corpus, misses=5)
    assert (score.f1("email"), score.f1("phone"), score.share_touched()) == (0.0, 0.0, 0.0)
    assert len(score.missed) == 2
    assert not reached(score)
    whole = scored(lambda _: [[Hit(5, 18, "email", "r")], [Hit(8, 15, "ip", "r")]], corpus)
    assert (whole.f1("email"), whole.share_touched()) == (1.0, 1.0)
    table = page({OURS: whole}, {"command": "x"}, 2)
    assert "| Tollhouse |" in table
    assert json.dumps(tree(whole))


def test_presidio_is_asked_in_its_own_environment() -> None:
    name = next(name for name in OTHERS if "Presidio" in name)
    score = scored(other(name), list(documents(7, 40)))
    assert 0.0 < score.f1("all") < 1.0
