"""What the pages and scripts tell a newcomer to type exists."""

import re

import pytest

from tests.tree.source import ROOT

TOLD_IN = ["README.md", "CONTRIBUTING.md", ".ci/run", ".pre-commit-config.yaml"]


@pytest.mark.parametrize("page", TOLD_IN)
def test_every_make_target_that_is_told_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    told = set(re.findall(r"(?:^|[`: ])make ([a-z]+)(?=[`\s,]|$)", (ROOT / page).read_text(), flags=re.MULTILINE))
    assert told <= targets


def test_ci_runs_the_tests_first_and_then_the_checks() -> None:
    steps = re.findall(r"^make (\w+)$", (ROOT / ".ci/run").read_text(), flags=re.MULTILINE)
    assert steps == ["test", "lint", "types", "imports"]
    assert "set -euo pipefail" in (ROOT / ".ci/run").read_text()
