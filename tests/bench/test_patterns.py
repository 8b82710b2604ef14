"""The patterns' benchmark: its verdicts follow from its rows, its plots are drawings, its script is a script."""

import xml.etree.ElementTree as ET
from pathlib import Path

import yaml

from agents.scripted import load
from bench.patterns import claims, play, plot, scenes
from bench.patterns.measure import Row, cases


def rows(scale: float = 1.0) -> list[Row]:
    return [
        Row(name, size, 3, 3, size, 1_000.0 * size * scale, 0.001 * size * scale, float(size), size * 1.1)
        for name, size, _ in cases()
    ]


CAPS = {"stopped_by": "steps", "steps": 10, "usd": 0.01, "outvoted": "allow", "mended": "right"}


def test_every_claim_has_a_verdict_that_follows_from_the_rows() -> None:
    judged = claims.judged(rows(), CAPS)
    assert len(judged) == 16
    assert {claim.verdict for claim in judged} <= {claims.HOLDS, claims.UNDER, claims.NOT}
    faulty = claims.judged(rows(), {**CAPS, "mended": "wrong", "outvoted": "block"})
    changed = [new.claim for old, new in zip(judged, faulty, strict=True) if old.verdict != new.verdict]
    assert changed == ["mends what one attempt does not", "the majority wins"]


def test_the_plots_are_svg_with_a_line_for_each_pattern_and_a_bar_for_each_row() -> None:
    space = "{http://www.w3.org/2000/svg}"
    assert len(ET.fromstring(plot.tokens(rows())).findall(f"{space}polyline")) == 3
    assert len(ET.fromstring(plot.seconds(rows())).findall(f"{space}rect")) == len(rows()) + 1


def test_the_script_is_one_that_the_provider_takes(tmp_path: Path) -> None:
    script, models = play.script(7)
    (tmp_path / "script.yaml").write_text(yaml.safe_dump(script))
    loaded = load(tmp_path / "script.yaml")
    assert loaded.seed == 7
    assert {rule.model for rule in loaded.rules} == set(models)
    agents = [make() for _, _, make in cases()]
    assert {agent.model for agent in agents} <= set(models)


def test_every_scene_is_a_test_that_is_there() -> None:
    for name in (name for tests in scenes.CLAIMS.values() for name in tests):
        module, _, test = name.rpartition(".")
        assert f"def {test}(" in (Path(__file__).parents[2] / f"{module.replace('.', '/')}.py").read_text()
    assert scenes.sentence("a.b.test_it_holds") == "it holds"
