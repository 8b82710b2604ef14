"""Base64 one level down: what is readable text is looked into, hashes, keys and pictures are not."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards.decode import ENCODED, encoded_runs


def decoded(text: bytes) -> list[bytes]:
    return [inner for _, _, inner in encoded_runs(text)]


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=12, max_size=200))
def test_readable_text_comes_back_from_either_alphabet_with_or_without_padding(text: str) -> None:
    raw = text.encode()
    for run in (base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.b64encode(raw).rstrip(b"=")):
        assert list(encoded_runs(b"<" + run + b">")) == [(1, 1 + len(run), raw)]


def test_text_beyond_ascii_is_readable_and_what_only_looks_like_it_is_not() -> None:
    assert decoded(base64.b64encode("Überweisung an Jörg".encode())) == ["Überweisung an Jörg".encode()]
    assert decoded(base64.b64encode(b"abc\xff\xfe and more text")) == []
    assert decoded(base64.b64encode("abc\u0007\u00e9 and more text".encode())) == [], "a bell is no text"
    assert decoded(base64.b64encode(b"tabs\tand\r\nlines are text")) == [b"tabs\tand\r\nlines are text"]


@pytest.mark.parametrize(
    "run",
    [b"\x89PNG\r\n\x1a\n" + bytes(60), bytes(range(128, 200)), b"\x00" * 40, b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00"],
)
def test_pictures_programs_and_keys_are_left_alone(run: bytes) -> None:
    assert decoded(base64.b64encode(run)) == []


def test_fewer_than_sixteen_characters_or_an_impossible_length_is_no_run() -> None:
    assert decoded(b"am9lQGV4YW1wbGU") == []
    assert decoded(base64.b64encode(b"joe@example.")) == [b"joe@example."]
    assert decoded(base64.b64encode(b"joe@example.")[:16] + b"A") == [], "one character gives no byte"


def test_a_run_of_more_than_sixty_four_kibibytes_is_not_decoded() -> None:
    assert len(decoded(b"QUJD" * 16_384)) == 1
    assert decoded(b"QUJD" * 16_385) == []


def test_its_rule_finds_nothing_by_itself_but_opens_the_gate() -> None:
    assert list(ENCODED.find(base64.b64encode(b"joe@example.org"), ())) == []
    assert ENCODED.kinds == frozenset()
