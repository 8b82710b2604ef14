"""The entry point: another package of one of our names is told at once."""

import os
import subprocess
import sys
from pathlib import Path

from gateway.__main__ import PACKAGES, strangers
from tests.tree.source import ROOT


def test_all_four_packages_stand_in_one_folder() -> None:
    assert strangers() == []
    assert len(strangers((*PACKAGES, "json", "no_such_package"))) == 2


def test_a_stranger_is_told_in_a_sentence_and_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "__init__.py").write_text("raise SystemExit('the stranger ran')")
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--version"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "'agents' is found at" in done.stderr
    assert "environment of its own" in done.stderr
    assert "Traceback" not in done.stderr
