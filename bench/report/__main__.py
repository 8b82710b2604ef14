"""Write what bench/results keeps into docs/benchmarks.md and draw its charts: ``python -m bench.report``.

The page has places for it, from `<!-- NAME: made by python -m bench.report -->` to `<!-- end of NAME -->`; what stands
between is replaced, the rest of the page is people's.
"""

from bench.report.page import CHARTS, PAGE, charts, filled


def main() -> None:
    """Write the page and the charts."""
    PAGE.write_text(filled(PAGE.read_text()))
    for name, svg in charts().items():
        (CHARTS / name).write_text(svg)
        print(CHARTS / name)


if __name__ == "__main__":
    main()
