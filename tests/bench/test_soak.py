"""The soak's verdict: a gateway that grows is told from one that does not."""

import subprocess
import sys
from pathlib import Path

from bench.overhead.measure import provider
from bench.overhead.processes import Running
from bench.soak.samples import Sample, judge, sample


def _run(rises_mb: float, files: int = 0) -> list[Sample]:
    """Return samples of 20 minutes, whose memory rises by so much in ten, and files by so many altogether."""
    return [
        Sample(
            at * 10.0, at * 100, at * 1.0, 100 + rises_mb * at / 60, 90 + rises_mb * at / 60, 20 + files * at // 119, 5
        )
        for at in range(121)
    ]


def test_what_does_not_grow_is_flat() -> None:
    verdict = judge(_run(0.2), warm_s=600)
    assert verdict.flat
    assert round(verdict.rss_slope_mb, 2) == 0.2
    assert verdict.core_share == 0.1


def test_memory_that_rises_by_more_than_a_megabyte_in_ten_minutes_is_not_flat() -> None:
    assert not judge(_run(1.2), warm_s=600).flat


def test_descriptors_that_grow_are_not_flat() -> None:
    assert not judge(_run(0.0, files=4), warm_s=600).flat


def test_what_grows_only_while_caches_fill_is_flat() -> None:
    first, second = _run(30.0)[:30], _run(0.0)[30:]
    assert judge([*first, *second], warm_s=300).flat


def test_a_sample_reads_the_process(tmp_path: Path) -> None:
    held = [open(tmp_path / str(number), "w") for number in range(3)]  # noqa: PTH123, SIM115 - they stay open meanwhile
    with (
        provider() as upstream,
        subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[each.fileno() for each in held]
        ) as process,
    ):
        found = sample(Running(process, 0, 0.0), upstream, 1.0)
        process.kill()
    for each in held:
        each.close()
    assert found.files >= 6
    assert found.threads == 1
    assert 0 < found.anonymous_mb < found.rss_mb < 200
