"""The command that a newcomer types first."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

SECONDS_MAX = 60


def test_the_demo_holds_all_it_claims_within_a_minute() -> None:
    start = time.monotonic()
    command = Path(sys.executable).parent / "tollhouse"
    done = subprocess.run(
        [command, "demo"],
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * SECONDS_MAX,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - start < SECONDS_MAX
    assert done.stderr == ""
    heads = re.findall(r"^(\d)  ", done.stdout, re.MULTILINE)
    assert heads == ["1", "2", "3", "4", "5", "6"]
    assert "✗" not in done.stdout
    assert done.stdout.count("✓") >= 20
    told = claims((Path(__file__).parents[2] / "README.md").read_text())
    assert len(told) == 6
    assert told <= claims(done.stdout)


def claims(text: str) -> set[str]:
    """Return what a scene claims, without the figures beside it."""
    return {re.split(r" {2,}", line)[0] for line in re.findall(r"^   ✓ (.+)$", text, re.MULTILINE)}
