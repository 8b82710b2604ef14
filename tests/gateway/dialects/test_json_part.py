"""Arguments that are a tree read and write as the JSON text that other dialects have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.json_part import JsonPart
from gateway.errors import ContentBlocked

TREES = st.dictionaries(
    st.text("abc", max_size=3), st.integers(-9, 9) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)


@given(TREES, TREES)
def test_what_is_written_is_what_is_read(before: dict[str, object], after: dict[str, object]) -> None:
    part = JsonPart(0, "1", {"input": before}, "input", empty="{}")
    other = JsonPart(0, "1", {"input": after}, "input", empty="{}")
    part.text = other.text
    assert part.holder["input"] == after
    assert part.text == other.text


def test_an_empty_tree_has_the_text_that_stands_for_it() -> None:
    assert JsonPart(0, "1", {"input": {}}, "input", empty="").text == ""
    part = JsonPart(0, "1", {"input": {"a": 1}}, "input", empty="")
    part.text = ""
    assert part.holder["input"] == {}


def test_what_is_no_json_any_more_is_blocked() -> None:
    part = JsonPart(0, "1", {"input": {"card": 4111}}, "input", empty="{}")
    with pytest.raises(ContentBlocked):
        part.text = '{"card": [CARD]}'
    assert part.holder["input"] == {"card": 4111}
