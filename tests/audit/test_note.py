"""Signed notes: the C2SP specification's own examples, and everything that must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import note
from audit.errors import NoteRefused
from audit.note import Signer, Verifier

SIGNER = Signer("example.com/log", bytes(range(32)))
OTHER = Signer("witness.example/w", b"w" * 32)
# golang.org/x/mod/sumdb/note, example in its package documentation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_made_by_the_go_implementation_verifies_here() -> None:
    read = note.verify(GO_NOTE.encode(), [Verifier.from_vkey(GO_VKEY)])
    assert read.text.startswith("If you think cryptography")
    assert read.encode() == GO_NOTE.encode()


def test_a_key_survives_its_text_form() -> None:
    again = Verifier.from_vkey(SIGNER.verifier.vkey())
    assert (again.name, again.key_id, again.public) == ("example.com/log", SIGNER.verifier.key_id, again.public)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30), max_size=5))
def test_whatever_text_is_signed_is_read_back_equal(lines: list[str]) -> None:
    text = "".join(line + "\n" for line in ["first", *lines])
    assert note.verify(SIGNER.sign(text).encode(), [SIGNER.verifier]).text == text


def test_signatures_of_unknown_keys_are_ignored_and_several_known_ones_counted() -> None:
    both = note.Note("text\n", SIGNER.sign("text\n").signatures + OTHER.sign("text\n").signatures).encode()
    note.verify(both, [SIGNER.verifier])
    note.verify(both, [SIGNER.verifier, OTHER.verifier], signed_by=2)
    with pytest.raises(NoteRefused, match="1 of the known keys signed this note, 2 must"):
        note.verify(both, [SIGNER.verifier], signed_by=2)
    with pytest.raises(NoteRefused, match="0 of the known keys"):
        note.verify(both, [Signer("example.com/log", b"x" * 32).verifier])


def test_a_known_keys_broken_signature_refuses_the_whole_note() -> None:
    both = note.Note("text\n", OTHER.sign("text\n").signatures + SIGNER.sign("other\n").signatures).encode()
    with pytest.raises(NoteRefused, match=r"signature of example\.com/log .* does not hold"):
        note.verify(both, [SIGNER.verifier, OTHER.verifier])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda raw: raw[:-1], "end in a newline"),
        (lambda raw: raw.replace(b"\n\n", b"\n"), "an empty line"),
        (lambda raw: b"\xff" + raw, "UTF-8"),
        (lambda raw: b"tab\t" + raw, "control characters"),
        (lambda raw: raw.replace("\u2014".encode(), b"-"), "no signature line"),
        (lambda raw: raw.replace(b" example", b"  example"), "no signature line"),
        (lambda raw: raw.replace(b"example.com", b"exam+ple"), "no key name"),
        (lambda raw: raw[:-3] + b"\n", "not base64"),
        (lambda raw: raw.rpartition(b" ")[0] + b" AAAA\n", "more than 4"),
        (lambda raw: raw.rpartition(b" ")[0] + b" AAAAAAB=\n", "stray bits"),
        (lambda raw: raw + raw.rpartition(b"\n\n")[2] * 16, "at most 16"),
        (lambda raw: b"x" * note.NOTE_BYTES_MAX + raw, "at most 1000000"),
    ],
)
def test_a_malformed_note_is_refused_and_says_why(spoil, words: str) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with pytest.raises(NoteRefused, match=words):
        note.parse(spoil(SIGNER.sign("text\n").encode()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name+00000000", "form name"),
        ("name+00000000+!", "not base64"),
        ("name+00000000+AgAA", "has type"),
        ("name+00000000+AQAA", "32 bytes"),
        (GO_VKEY.replace("c74f20a3", "c74f20a4"), "its text says c74f20a4"),
        ("na me" + GO_VKEY[12:], "no key name"),
    ],
)
def test_a_malformed_key_text_is_refused(text: str, words: str) -> None:
    with pytest.raises(NoteRefused, match=words):
        Verifier.from_vkey(text)


def test_a_text_without_a_last_newline_is_not_signed() -> None:
    with pytest.raises(NoteRefused, match="end in a newline"):
        SIGNER.sign("text")
