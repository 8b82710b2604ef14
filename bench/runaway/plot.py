"""One plot as SVG, made with nothing but text: how often each framework executed the same tool call, on a log scale."""

import math
from collections.abc import Sequence

from bench.runaway.measure import HOW, Row

WIDTH, LEFT, TOP, LINE = 640, 170, 60, 18
COLOURS = dict(zip(HOW, ("#c0392b", "#1e8449", "#58a874", "#e0a030"), strict=True))


def executed(rows: Sequence[Row]) -> str:
    """Plot a bar for each row, the same framework's together."""
    names = list(dict.fromkeys(row.framework for row in rows))
    height = TOP + len(names) * (len(HOW) * LINE + 12) + 10
    most = max(row.executed for row in rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"']
    parts.append(f' font-size="12"><rect width="{WIDTH}" height="{height}" fill="white"/>')
    parts.append(_text(10, 20, "How often the same tool call was executed (log scale)", "start"))
    x = 10
    for how in HOW:
        parts.append(f'<rect x="{x}" y="32" width="12" height="12" fill="{COLOURS[how]}"/>')
        parts.append(_text(x + 17, 43, how, "start"))
        x += 40 + 7 * len(how)
    y = TOP
    for name in names:
        parts.append(_text(LEFT - 10, y + LINE * len(HOW) / 2 + 4, name, "end"))
        for how in HOW:
            for row in (row for row in rows if (row.framework, row.how) == (name, how)):
                wide = (WIDTH - LEFT - 50) * math.log1p(row.executed) / math.log1p(most)
                parts.append(
                    f'<rect class="bar" x="{LEFT}" y="{y}" width="{wide:.1f}" height="{LINE - 4}"'
                    f' fill="{COLOURS[how]}"/>'
                )
                parts.append(_text(LEFT + wide + 5, y + LINE - 7, str(row.executed), "start"))
            y += LINE
        y += 12
    return "".join([*parts, "</svg>\n"])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222">{text}</text>'
