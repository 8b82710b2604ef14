"""The goals of detection hold on a small sample of the seeded corpus (bench/detection)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_goals_of_detection_hold_on_a_fresh_sample() -> None:
    command = [sys.executable, "-m", "bench.detection.score", "--seed", "2024", "--count", "800"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    f1 = {line.split()[0]: float(line.split()[-1]) for line in lines if " F1 " in line}
    assert f1["all"] >= 0.90
    assert f1["clean"] >= 0.95
    assert f1["agent"] >= 0.93
    assert f1["obfuscated"] >= 0.80
    touched = next(line for line in lines if line.startswith("negatives touched"))
    assert float(touched.split("= ")[1].split("%")[0]) <= 4
