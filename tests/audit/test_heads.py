"""Signed heads of tenants: read strictly, and never mistaken for a checkpoint."""

import pytest

from audit.checkpoint import open_checkpoint
from audit.errors import NoteRefused
from audit.heads import Head, open_head
from audit.note import Signer

SIGNER = Signer("example.com/log", b"s" * 32)
HEAD = Head("example.com/log", "acme", 12, 40, b"r" * 32)


def test_a_head_is_read_back_equal_and_is_no_checkpoint() -> None:
    signed = HEAD.sign(SIGNER).encode()
    assert open_head(signed, "example.com/log", [SIGNER.verifier]) == HEAD
    with pytest.raises(NoteRefused):
        open_checkpoint(signed, "example.com/log", [SIGNER.verifier])
    with pytest.raises(NoteRefused, match="expected 'other'"):
        open_head(signed, "other", [SIGNER.verifier])


def test_a_name_that_breaks_a_line_or_a_malformed_head_is_refused() -> None:
    with pytest.raises(NoteRefused):
        Head("example.com/log", "two\nlines", 12, 40, b"r" * 32).sign(SIGNER)
    with pytest.raises(NoteRefused, match="6 lines"):
        Head("example.com/log", "", 12, 40, b"r" * 32).sign(SIGNER)
    with pytest.raises(NoteRefused, match="6 lines"):
        open_head(SIGNER.sign("tollhouse.head/v2\n").encode(), "example.com/log", [SIGNER.verifier])
