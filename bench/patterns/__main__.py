"""`python -m bench.patterns`: the article's claims through the real gateway; table and plots into bench/results."""

import asyncio
import json
import tempfile
from pathlib import Path

import click

from bench.patterns import claims, measure, play, plot, scenes
from bench.patterns.site import site

RESULTS = Path("bench/results")
HOW_TO_READ = """\
The provider is a script: how much it says, and how fast, was set in `bench/patterns/play.py` near the article's own
figures, after a first play (shorter thoughts, longer plans) had given other verdicts in several rows. So agreement in
seconds, and in tokens a step, is largely put in, not found. What the script does not decide is how tokens grow with the
steps, what the gateway stops, and when. The thresholds of the verdicts are ours; it is one seed and few runs a row; the
swarm's time one by one is a sum, not measured; that a reflection mends and a majority wins lies in the script."""


@click.command()
@click.option("--runs", default=20, show_default=True, help="Runs of each pattern and size.")
@click.option("--seed", default=1, show_default=True, help="Of the provider's latency.")
@click.option("--keep/--no-keep", default=True, show_default=True, help="Write bench/results/patterns.*")
def main(runs: int, seed: int, *, keep: bool) -> None:
    """Measure, judge, print; about two minutes with 20 runs."""
    script, models = play.script(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with site(folder, script, models) as place:
            caps = asyncio.run(measure.capped(place.url, place.default, folder))
            rows = asyncio.run(measure.measured(place.url, place.wide, folder, runs))
    text = _table(rows, claims.judged(rows, caps), runs, seed) + _scenes(scenes.played())
    print(text)
    if keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "patterns.md").write_text(text)
        (RESULTS / "patterns.json").write_text(json.dumps([row.tree() for row in rows], indent=1) + "\n")
        (RESULTS / "patterns-tokens.svg").write_text(plot.tokens(rows))
        (RESULTS / "patterns-seconds.svg").write_text(plot.seconds(rows))


def _table(rows: list[measure.Row], judged: list[claims.Claim], runs: int, seed: int) -> str:
    lines = [
        f"# Patterns through the gateway: `python -m bench.patterns --runs {runs} --seed {seed}`",
        "",
        "## How to read this",
        "",
        HOW_TO_READ,
        "",
        "| pattern | size | calls | tokens | dollars | p50 s | p95 s | completed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.pattern} | {row.size} | {row.calls:g} | {row.tokens:,.0f} | {row.usd:.5f} | {row.p50_s:.2f}"
        f" | {row.p95_s:.2f} | {row.completed}/{row.runs} |"
        for row in rows
    ]
    lines += [
        "",
        "| pattern | claim | the article's figures give | measured | verdict | why |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.pattern} | {each.claim} | {each.expected} | {each.measured} | **{each.verdict}** | {each.why} |"
        for each in judged
    ]
    return "\n".join(lines) + "\n"


def _scenes(played: list[scenes.Scene]) -> str:
    lines = [
        "",
        "Claims that are no figures, each played by tests that were run for this table:",
        "",
        "| pattern | claim | verdict | what was played |",
        "|---|---|---|---|",
    ]
    for scene in played:
        verdict = claims.HOLDS if scene.holds else "does not hold"
        lines.append(f"| {scene.pattern} | {scene.claim} | **{verdict}** | {'; '.join(scene.sentences)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
