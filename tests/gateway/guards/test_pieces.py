"""A text in pieces: its own words say where they end, however it was cut on its way."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.guards import Hit
from gateway.guards.pieces import LEAD_CHARS, PIECE_CHARS_MAX, PIECE_CHARS_MIN, Piece, Pieces

TEXTS = st.lists(st.sampled_from(("word ", "x" * 90, "end. ", 'she said "no!" ', "\n", "\t", "。", "a")), max_size=120)


def of(chunks: list[str]) -> list[Piece]:
    pieces = Pieces()
    return [piece for chunk in chunks for piece in pieces.feed(chunk)] + pieces.flush()


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=30))
def test_the_pieces_are_the_text_and_the_same_however_it_was_cut(words: list[str], places: list[int]) -> None:
    text = "".join(words)
    marks = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    whole = of([text])
    assert of([text[start:end] for start, end in pairwise(marks)]) == whole == of(list(text))
    assert "".join(piece.text for piece in whole) == text
    for piece in whole:
        assert text[piece.start :].startswith(piece.text)
        assert text[: piece.start].endswith(piece.lead)
        assert len(piece.lead) == min(piece.start, LEAD_CHARS)
        assert 0 < len(piece.text) <= PIECE_CHARS_MAX + 6
    assert all(len(piece.text) > PIECE_CHARS_MIN for piece in whole[:-1])


def test_a_piece_ends_with_a_sentence_or_a_line_else_at_a_blank_else_where_it_is_too_long() -> None:
    lead = "x " * 60
    assert [piece.text for piece in of([f'{lead}so." And'])] == [f'{lead}so." ', "And"]
    assert [piece.text for piece in of([f"{lead}so\nAnd"])] == [f"{lead}so\n", "And"]
    assert [len(piece.text) for piece in of(["y" * 500 + " " + "y" * 700])] == [501, 700]
    assert [len(piece.text) for piece in of(["y" * 2_100])] == [1_000, 1_000, 100]


def test_a_hit_is_placed_in_the_text_and_one_that_the_lead_alone_holds_is_not() -> None:
    piece = Piece(500, "Dr. ", "Smith came")
    assert piece.of_text(Hit(0, 9, "person", "r")) == Hit(500, 505, "person", "r")
    assert piece.of_text(Hit(4, 9, "person", "r")) == Hit(500, 505, "person", "r")
    assert piece.of_text(Hit(0, 4, "person", "r")) is None
