"""Notes are a pattern's; the words for steps are not."""

import pytest

from agents.event import Note, answer, found, thought


def test_a_note_is_text_and_more() -> None:
    assert thought("hm").body() == {"text": "hm"}
    assert Note("vote", "two", {"winner": "a"}).body() == {"text": "two", "winner": "a"}
    assert Note("plan", more={"steps": []}).body() == {"steps": []}
    assert (found("x").kind, answer("").body()) == ("found", {"text": ""})


def test_a_pattern_cannot_pretend_a_step() -> None:
    with pytest.raises(ValueError, match="runner's word"):
        Note("answered")
