"""Pieces of one text that arrive together: scanned together, and still each event's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.call import Event, Part
from gateway.guards.reply import dealt, lane_alone


@given(st.lists(st.text(max_size=8), min_size=1, max_size=20), st.data())
def test_what_was_not_changed_stays_with_its_event_up_to_where_it_is_held(came: list[str], data: st.DataObject) -> None:
    whole = "".join(came)
    released = whole[: data.draw(st.integers(0, len(whole)))]
    shares = dealt(came, released)
    assert "".join(shares) == released
    assert all(text.startswith(piece) for text, piece in zip(came, shares, strict=True))


@given(st.lists(st.text(max_size=8), min_size=1, max_size=20), st.text(max_size=60))
def test_nothing_is_lost_or_doubled_whatever_was_changed(came: list[str], released: str) -> None:
    shares = dealt(came, released)
    assert len(shares) == len(came)
    assert "".join(shares) == released


def event(kind: str = "text", **more: Any) -> Event:
    part = Part(kind, 0, "0", {"content": "a"}, "content")
    part.alone = True
    return Event({}, [part], **more)


def test_only_events_that_are_a_piece_of_text_and_nothing_else_are_joined() -> None:
    assert lane_alone(event()) == "0"
    assert lane_alone(event("arguments")) is None
    assert lane_alone(event("reasoning")) is None
    with_more = event()
    with_more.parts[0].alone = False
    assert lane_alone(with_more) is None
    again = event()
    again.parts[0].repeats = True
    assert lane_alone(again) is None


@pytest.mark.parametrize(
    "more", [{"ends": (0,)}, {"whole": True}, {"closes": ("0",)}, {"terminal": True}, {"behind": True}]
)
def test_an_event_that_ends_something_is_inspected_by_itself(more: dict[str, Any]) -> None:
    assert lane_alone(event(**more)) is None
