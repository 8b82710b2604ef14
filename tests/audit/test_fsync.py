"""A disk that flushes late or not at all: no acknowledgement before the flush, none without it, and recovery."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from audit.note import Signer
from audit.reader import Reader
from audit.verify import verify_book

HERE = Path(__file__).parent
CC = shutil.which("cc")


@pytest.mark.skipif(CC is None or sys.platform != "linux", reason="needs Linux and a C compiler: as root make servers")
def test_nothing_is_acknowledged_before_or_without_its_fsync_and_a_failed_one_is_not_success_later(
    tmp_path: Path,
) -> None:
    assert CC is not None
    shim, control = tmp_path / "fault.so", tmp_path / "control"
    control.write_text("none")
    subprocess.run([CC, "-shared", "-fPIC", "-o", str(shim), str(HERE / "fsync_fault.c"), "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, str(HERE / "fsync_child.py"), str(tmp_path), str(control)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "LD_PRELOAD": str(shim), "FSYNC_FAULT": str(control)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    seen = json.loads(done.stdout)
    assert (seen["before"], seen["late"]) == (0, 1)
    assert seen["late_s"] >= 0.3
    assert "could not be written" in seen["failed"]
    assert "could not be written" in seen["failed_again"]
    assert "disk I/O error" in seen["failure"]
    assert seen["cleared"] is None
    verdict = verify_book(tmp_path / "book.sqlite", [Signer("example.com/log", b"s" * 32).verifier])
    assert verdict.ok, verdict.sentences()
    with Reader.open(tmp_path / "book.sqlite") as reader:
        calls = [orjson.loads(body).get("call") for _, body in reader.records()]
    assert calls[seen["after"]] == "after"
    assert [each for each in calls if each in ("before", "late", "after")] == ["before", "late", "after"]
