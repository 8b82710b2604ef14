# ruff: noqa: RUF001 - odd characters are the subject
"""The view folds what hides a value and always finds the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards.normalise import normalise


def test_plain_ascii_needs_no_map() -> None:
    view = normalise("plain text")
    assert (view.chars, view.origin) == (None, None)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("４１１１", "4111"),
        ("a\u200bb\ufeffc", "abc"),
        ("1\u00a02\u20113\u20144", "1 2-3-4"),
        ("\u0664\u0665", "45"),
        ("ｊｏｅ＠ｘ．ｏｒｇ", "joe@x.org"),
        ("ﬁ①", "fi1"),
        ("müller 中文", "müller 中文"),
    ],
)
def test_odd_forms_are_folded(text: str, seen: str) -> None:
    assert normalise(text).buf.decode() == seen


@given(st.text(alphabet=st.sampled_from("ab1 é中\u200b４＠\u00a0ﬁ😀")))
def test_every_character_of_the_view_leads_back_into_the_text(text: str) -> None:
    view = normalise(text)
    seen = view.buf.decode()
    at = 0
    for char in seen:
        size = len(char.encode())
        ((start, end),) = view.spans([(at, at + size)])
        assert 0 <= start < end <= len(text)
        assert text[start:end] == char or not text[start:end].isascii()
        at += size
