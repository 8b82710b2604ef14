"""The page of benchmarks says what is kept, and nothing by hand between its marks."""

import pytest

from bench.report.page import CHARTS, PAGE, charts, filled


def test_the_page_and_its_charts_are_what_the_kept_results_make() -> None:
    assert filled(PAGE.read_text()) == PAGE.read_text(), "python -m bench.report writes it"
    for name, svg in charts().items():
        assert (CHARTS / name).read_text() == svg, "python -m bench.report draws it"


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    page = PAGE.read_text().replace("# What a call costs", "# A title\n\nA sentence.", 1)
    changed = page.replace("<!-- end of growth -->", "typed in\n<!-- end of growth -->")
    assert filled(changed) == filled(page)
    assert "A sentence." in filled(changed)
    assert "typed in" not in filled(changed)


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for overhead"):
        filled("# What a call costs\n")
