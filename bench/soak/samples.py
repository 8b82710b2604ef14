"""What is read of a gateway from time to time, and whether it grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.charts import slope
from bench.overhead.measure import told
from bench.overhead.processes import Running, tree

SLOPE_MAX_MB = 1.0
FILES_SLOPE_MAX = 1.0
SPAN_S = 600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the gateway's processes; memory in MB (10^6 bytes), ``cpu_s`` and ``calls`` since the start."""

    at_s: float
    calls: int
    cpu_s: float
    rss_mb: float
    anonymous_mb: float
    files: int
    threads: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the line through the samples rises in 10 minutes: memory in MB, and descriptors, which come and go.

    Resident memory; anonymous: without pages of files.
    """

    judged_s: float
    calls: int
    core_share: float
    rss_slope_mb: float
    anonymous_slope_mb: float
    files_slope: float
    files_max: int
    flat: bool


def sample(gateway: Running, upstream: Running, at_s: float) -> Sample:
    """Look."""
    processes = [Path(f"/proc/{pid}") for pid in tree(gateway.process.pid)]
    rolled = [_kilobytes(process / "smaps_rollup") for process in processes]
    return Sample(
        at_s=round(at_s, 1),
        calls=int(told(upstream, "/seen")["calls"]),
        cpu_s=round(gateway.cpu_s(), 3),
        rss_mb=round(sum(each["Rss"] for each in rolled) * 1024 / 1e6, 2),
        anonymous_mb=round(sum(each["Anonymous"] for each in rolled) * 1024 / 1e6, 2),
        files=sum(len(list((process / "fd").iterdir())) for process in processes),
        threads=sum(len(list((process / "task").iterdir())) for process in processes),
    )


def judge(samples: Sequence[Sample], warm_s: float) -> Verdict:
    """Say whether it grew after ``warm_s``. The last sample is left out: the callers are gone by then."""
    judged = [each for each in samples[:-1] if each.at_s >= warm_s] or list(samples)
    first, last = judged[0], judged[-1]
    seconds = max(last.at_s - first.at_s, 1.0)
    resident, anonymous, files = (
        slope([(each.at_s / SPAN_S, getattr(each, name)) for each in judged])
        for name in ("rss_mb", "anonymous_mb", "files")
    )
    return Verdict(
        judged_s=round(seconds, 1),
        calls=last.calls,
        core_share=round((last.cpu_s - first.cpu_s) / seconds, 3),
        rss_slope_mb=round(resident, 3),
        anonymous_slope_mb=round(anonymous, 3),
        files_slope=round(files, 2),
        files_max=max(each.files for each in judged),
        flat=resident < SLOPE_MAX_MB and files < FILES_SLOPE_MAX,
    )


def _kilobytes(file: Path) -> dict[str, int]:
    lines = (line.split() for line in file.read_text().splitlines()[1:])
    return {words[0].rstrip(":"): int(words[1]) for words in lines}
