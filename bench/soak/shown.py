"""The soak's results as a sentence and charts."""

from typing import Any

from bench.charts import Axis, lines
from bench.soak.samples import Sample, judge


def words(kept: dict[str, Any]) -> str:
    """Return Markdown."""
    samples = [Sample(**each) for each in kept["samples"]]
    verdict, machine = judge(samples, kept["warm_s"]), kept["machine"]
    memory = f"{verdict.rss_slope_mb:+.2f} MB in 10 minutes (anonymous {verdict.anonymous_slope_mb:+.2f})"
    minutes = f"{samples[-1].at_s / 60:.0f} minutes, {verdict.core_share:.0%} of a core"
    files = f"descriptors {verdict.files_slope:+.1f}, at most {verdict.files_max}"
    flat = "Flat" if verdict.flat else "Not flat"
    return (
        f"{verdict.calls:,} calls in {minutes}; after the first {kept['warm_s'] / 60:.0f} memory {memory}, {files}. "
        f"{flat}: the goal is under 1 MB and no descriptor more.\n\n"
        f"{machine['at']}, load {machine['load before']}, {machine['commit']}: `{machine['command']}`"
    )


def charts(kept: dict[str, Any]) -> dict[str, str]:
    """Return name → SVG."""
    samples = kept["samples"]

    def over(member: str) -> list[tuple[float, float]]:
        return [(each["at_s"] / 60, each[member]) for each in samples]

    across = Axis("minutes", least=0)
    return {
        "soak-memory.svg": lines(
            "Memory under a gentle mixed load",
            across,
            Axis("MB", least=0),
            {"resident": over("rss_mb"), "anonymous": over("anonymous_mb")},
        ),
        "soak-files.svg": lines(
            "Descriptors and threads under the same",
            across,
            Axis("", least=0),
            {"descriptors": over("files"), "threads": over("threads")},
        ),
    }
