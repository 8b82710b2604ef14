"""The charts: what is drawn lies where its value says, and is an SVG whatever the names are."""

import re
import xml.etree.ElementTree as ET

import pytest

from bench.charts import Axis, bars, lines, slope


def _heights(svg: str) -> list[float]:
    """Return the circles' heights above the lower edge of the picture."""
    return [-float(found) for found in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', svg)]


def test_a_line_rises_where_its_values_rise() -> None:
    svg = lines("a < b", Axis("x"), Axis("y", least=0), {"n & m": [(0, 1), (10, 5), (20, 9)]})
    first, second, third = _heights(svg)
    assert third - second == pytest.approx(second - first, abs=0.2)
    assert ET.fromstring(svg).tag.endswith("svg")


def test_a_logarithmic_axis_gives_each_power_the_same_room() -> None:
    svg = lines("t", Axis("x", logarithmic=True), Axis("y", logarithmic=True), {"n": [(1, 1), (10, 10), (100, 100)]})
    first, second, third = _heights(svg)
    assert third - second == pytest.approx(second - first, abs=0.2)


def test_one_value_is_drawn_too() -> None:
    assert len(_heights(lines("t", Axis("x"), Axis("y"), {"n": [(3, 3)]}))) == 1


def test_bars_are_as_long_as_their_values_and_tell_them() -> None:
    svg = bars("t", {"g": {"one": 100.0, "two": 50.0, "small": 0.5}, "h": {"one": 25.0}})
    long = [float(found) for found in re.findall(r'<rect x="290" y="\d+" width="([\d.]+)"', svg)]
    assert long[0] == pytest.approx(2 * long[1], abs=0.2)
    assert long[0] == pytest.approx(4 * long[3], abs=0.2)
    assert ">100<" in svg
    assert ">0.5<" in svg
    assert ET.fromstring(bars("t", {"": {"a": 10.0, "b": 10_000.0}}, logarithmic=True)).tag.endswith("svg")


def test_a_slope_is_what_the_line_through_the_points_rises() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope([(0, 1), (1, 3), (2, 2)]) == pytest.approx(0.5)
    assert slope([(5, 1)]) == slope([(5, 1), (5, 9)]) == 0
