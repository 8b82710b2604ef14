"""The worker: a line of texts in, a line of spans out, until the input ends; nothing else is on its output."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.tree.source import ROOT

HERE = "tests.gateway.guards.plugins_for_tests"


def answers(factory: str, *asked: dict[str, Any] | str, code: int = 0) -> list[Any]:
    """Run a worker over lines of input and return its lines of output."""
    lines = "".join((each if type(each) is str else json.dumps(each)) + "\n" for each in asked)
    command = [sys.executable, str(ROOT / "gateway" / "detectors" / "worker.py"), f"{HERE}:{factory}"]
    ran = subprocess.run(
        command, input=lines, capture_output=True, text=True, timeout=30, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    assert ran.returncode == code, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def asking(*texts: str) -> dict[str, Any]:
    return {"texts": texts, "deadline_s": 2}


def test_each_line_is_answered_by_one_line_with_spans_for_each_text_in_order() -> None:
    span = [4, 10, "passport", "names"]
    assert answers("names", asking("ask Zaphod", "nobody"), asking(), asking("and Zaphod")) == [
        {"spans": [[span], []]},
        {"spans": []},
        {"spans": [[span]]},
    ]


def test_it_ends_in_peace_when_its_input_ends() -> None:
    assert answers("names") == []


def test_what_a_plug_in_prints_is_no_answer() -> None:
    said = answers("names", asking('{"spans": [[]]}'))  # which `names` prints
    assert said == [{"spans": [[]]}]


def test_offsets_count_characters_and_not_bytes() -> None:
    assert answers("names", asking("für Zaphod 😀")) == [{"spans": [[[4, 10, "passport", "names"]]]}]


def test_the_plug_in_is_told_the_deadline_of_each_question() -> None:
    asked = [{"texts": ["x"], "deadline_s": deadline_s} for deadline_s in (2, 0.5)]
    assert answers("told_deadlines", *asked) == [
        {"spans": [[[0, 1, "secret", "2"]]]},
        {"spans": [[[0, 1, "secret", "0.5"]]]},
    ]


def test_a_line_that_is_no_json_ends_it_without_an_answer() -> None:
    assert answers("names", "no json", asking("Zaphod"), code=1) == []


def test_a_factory_that_is_missing_ends_it_before_any_answer() -> None:
    assert answers("missing", asking("text"), code=1) == []
