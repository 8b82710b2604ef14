"""Charts as SVG, made with nothing but text: lines over a linear or logarithmic axis, and bars with their figures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, ABOVE, BELOW = 720, 340, 74, 16, 48, 52
COLOURS = ("#1f6feb", "#c0392b", "#1e8449", "#8e44ad", "#b9770e", "#117a65", "#5d6d7e", "#d35400", "#2c3e50", "#7d3c98")
BAR, GAP, NAMES = 17, 7, 290

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis says; ``least`` and ``most`` are what it must at least show."""

    title: str
    logarithmic: bool = False
    least: float | None = None
    most: float | None = None


def lines(title: str, across: Axis, up: Axis, drawn: Mapping[str, Points]) -> str:
    """Return a chart of one line for each name; a line of one point is a dot."""
    points = [point for line in drawn.values() for point in line]
    x = _Scale(across, [point[0] for point in points], LEFT, WIDTH - RIGHT)
    y = _Scale(up, [point[1] for point in points], HEIGHT - BELOW, ABOVE)
    beside = WIDTH - RIGHT + 14
    wide = beside + 24 + round(6.8 * max(map(len, drawn), default=0))
    parts = [_head(wide, HEIGHT), _text(LEFT, 16, title, size=14)]
    for value in x.ticks():
        parts += [
            _line(x.of(value), ABOVE, x.of(value), HEIGHT - BELOW),
            _text(x.of(value), HEIGHT - BELOW + 16, _short(value), "middle"),
        ]
    for value in y.ticks():
        parts += [
            _line(LEFT, y.of(value), WIDTH - RIGHT, y.of(value)),
            _text(LEFT - 6, y.of(value) + 4, _short(value), "end"),
        ]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, across.title, "middle"))
    parts.append(_text(4, ABOVE - 8, up.title))
    for number, ((name, line), colour) in enumerate(zip(drawn.items(), COLOURS, strict=False)):
        at = [(x.of(point[0]), y.of(point[1])) for point in line]
        path = " ".join(f"{left:.1f},{top:.1f}" for left, top in at)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(at) <= 40:
            parts += [f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{colour}"/>' for left, top in at]
        parts.append(f'<rect x="{beside}" y="{ABOVE + 20 * number}" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(beside + 17, ABOVE + 20 * number + 11, name))
    return "".join([*parts, "</svg>\n"])


def bars(title: str, groups: Mapping[str, Mapping[str, float]], *, logarithmic: bool = False) -> str:
    """Return horizontal bars, one for each name in each group; the figure stands at the end of its bar."""
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    values = [value for group in groups.values() for value in group.values()]
    scale = _Scale(Axis("", logarithmic, least=None if logarithmic else 0), values, NAMES, WIDTH - 70)
    parts, top = [_text(8, 18, title, size=14)], 34.0
    for heading, group in groups.items():
        if heading:
            parts.append(_text(8, top + 10, heading, size=12))
            top += 18
        for name, value in group.items():
            colour = COLOURS[names.index(name) % len(COLOURS)]
            long = max(1.0, scale.of(value) - NAMES)
            parts.append(f'<rect x="{NAMES}" y="{top:.0f}" width="{long:.1f}" height="{BAR}" fill="{colour}"/>')
            parts.append(_text(NAMES - 6, top + 13, name, "end"))
            parts.append(_text(NAMES + long + 5, top + 13, f"{value:,.0f}" if value >= 10 else f"{value:,.1f}"))
            top += BAR + GAP
        top += GAP
    return "".join([_head(WIDTH, round(top + 4)), *parts, "</svg>\n"])


class _Scale:
    """Where a value lies between two ends."""

    def __init__(self, axis: Axis, values: Sequence[float], first: float, last: float) -> None:
        self._logarithmic = axis.logarithmic
        self._first, self._last = first, last
        self.least = min(values) if axis.least is None else min(axis.least, *values)
        self.most = max(values) if axis.most is None else max(axis.most, *values)
        if axis.logarithmic:
            self.least, self.most = 10 ** math.floor(math.log10(self.least)), self.most * 1.001
        if self.most <= self.least:
            self.most = self.least + 1
        if not axis.logarithmic:
            step = self._step()
            self.least, self.most = math.floor(self.least / step) * step, math.ceil(self.most / step) * step

    def of(self, value: float) -> float:
        """Return the place of a value."""
        if self._logarithmic:
            share = math.log10(max(value, self.least) / self.least) / math.log10(self.most / self.least)
        else:
            share = (value - self.least) / (self.most - self.least)
        return self._first + share * (self._last - self._first)

    def ticks(self) -> list[float]:
        """Return the values that are written at the axis."""
        if self._logarithmic:
            powers = range(round(math.log10(self.least)), math.floor(math.log10(self.most)) + 1)
            return [10.0**power for power in powers]
        step = self._step()
        return [self.least + step * number for number in range(round((self.most - self.least) / step) + 1)]

    def _step(self) -> float:
        """Return a round step that makes four to nine of them."""
        rough = (self.most - self.least) / 6
        power = 10 ** math.floor(math.log10(rough))
        return float(min((power * times for times in (1, 2, 5, 10)), key=lambda step: abs(step - rough)))


def slope(points: Points) -> float:
    """Return what the least-squares line through the points rises for one across; 0 for fewer than two."""
    if len(points) < 2 or all(first[0] == second[0] for first, second in pairwise(points)):
        return 0.0
    x_mean = sum(x for x, _ in points) / len(points)
    y_mean = sum(y for _, y in points) / len(points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / sum((x - x_mean) ** 2 for x, _ in points)


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:,.10g}"


def _head(width: int, height: int) -> str:
    box = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'{box} font-family="sans-serif"><rect width="{width}" height="{height}" fill="#fff"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", *, size: int = 12) -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {at} fill="#222">{escape(words)}</text>'
