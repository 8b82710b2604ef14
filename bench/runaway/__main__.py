"""`python -m bench.runaway`: agents whose model asks for one tool call for ever, without the gateway and behind it."""

import json
import sys
import tempfile
from pathlib import Path

import click

from bench.overhead.machine import describe
from bench.patterns.site import site
from bench.runaway import measure, plot, report

RESULTS = Path("bench/results")


@click.command()
@click.option("--only", default="", help="Frameworks whose name has this in it.")
@click.option("--keep/--no-keep", default=True, show_default=True, help="Write bench/results/runaway.*")
def main(only: str, *, keep: bool) -> None:
    """Run each framework four ways, one after the other; some minutes. Its environment is made first."""
    machine = describe(" ".join(["python -m bench.runaway", *sys.argv[1:]]))
    rows = []
    with (
        tempfile.TemporaryDirectory() as name,
        site(Path(name), measure.script(), [measure.MODEL], kind="openai") as place,
    ):
        for framework in measure.FRAMEWORKS:
            if only in framework:
                rows += [measure.measured(place, framework, how) for how in measure.HOW]
    text = report.page(rows, machine)
    print(text)
    if keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "runaway.md").write_text(text)
        (RESULTS / "runaway.json").write_text(
            json.dumps({"machine": machine, "rows": [row.tree() for row in rows]}, indent=1) + "\n"
        )
        (RESULTS / "runaway.svg").write_text(plot.executed(rows))


if __name__ == "__main__":
    main()
