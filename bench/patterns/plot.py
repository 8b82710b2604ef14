"""Two plots as SVG, made with nothing but text: tokens by steps, and seconds (p50 to p95) by pattern."""

from collections.abc import Sequence

from bench.patterns.measure import Row

WIDTH, HEIGHT, LEFT, BELOW = 640, 360, 70, 50
COLOURS = {"react": "#c0392b", "plan, one by one": "#2471a3", "plan, 3 side by side": "#1e8449"}
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
)


def tokens(rows: Sequence[Row]) -> str:
    """Plot tokens a run over its steps."""
    lines = {name: [row for row in rows if row.pattern == name] for name in COLOURS}
    most = max(row.tokens for line in lines.values() for row in line)
    steps = max(row.size for line in lines.values() for row in line)

    def at(row: Row) -> str:
        x = LEFT + row.size / steps * (WIDTH - LEFT - 150)
        return f"{x:.1f},{_y(row.tokens, most):.1f}"

    parts = [_HEAD, _text(LEFT, 18, "Tokens a run, by steps (through the gateway)", "start"), _axis(most, "{:,.0f}")]
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[name]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(map(at, line))}"/>')
        parts += [
            f'<circle r="3" fill="{colour}" cx="{at(row).split(",")[0]}" cy="{at(row).split(",")[1]}"/>' for row in line
        ]
        parts.append(_text(WIDTH - 140, 60 + 18 * number, name, "start", colour=colour))
    for size in sorted({row.size for line in lines.values() for row in line}):
        parts.append(_text(LEFT + size / steps * (WIDTH - LEFT - 150), HEIGHT - BELOW + 18, str(size), "middle"))
    return "".join([*parts, "</svg>\n"])


_SHORT = {"plan, one by one": "plan 1", "plan, 3 side by side": "plan 3", "single pass": "single"}


def seconds(rows: Sequence[Row]) -> str:
    """Plot each row's seconds, a bar to the median and a line to p95."""
    most = max(row.p95_s for row in rows)
    wide = (WIDTH - LEFT - 10) / len(rows)
    parts = [_HEAD, _text(LEFT, 18, "Seconds a run: bar p50, line p95", "start"), _axis(most, "{:.0f} s")]
    for number, row in enumerate(rows):
        x, top = LEFT + wide * number, _y(row.p50_s, most)
        middle = x + wide * 0.4
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide * 0.8:.1f}" height="{HEIGHT - BELOW - top:.1f}"'
            ' fill="#7f8c8d"/>'
        )
        parts.append(
            f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{top:.1f}" y2="{_y(row.p95_s, most):.1f}" stroke="black"/>'
        )
        short = _SHORT.get(row.pattern, row.pattern.split()[0])
        parts.append(_text(middle, HEIGHT - BELOW + 16, short, "middle", size=9))
        parts.append(_text(middle, HEIGHT - BELOW + 27, str(row.size), "middle", size=9))
    parts.append(
        _text(
            LEFT,
            HEIGHT - 10,
            "plan 1: one by one, plan 3: three side by side; below, steps, rounds or members",
            "start",
            size=10,
        )
    )
    return "".join([*parts, "</svg>\n"])


def _y(value: float, most: float) -> float:
    return HEIGHT - BELOW - value / most * (HEIGHT - BELOW - 40)


def _axis(most: float, shape: str) -> str:
    parts = []
    for part in range(5):
        value = most * part / 4
        y = _y(value, most)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 5}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, y + 4, shape.format(value), "end"))
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str, *, colour: str = "#222", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">{text}</text>'
