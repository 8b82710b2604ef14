"""Cosignatures: what a witness says of a checkpoint, in the public format."""

from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint
from audit.cosignature import (
    CosignatureVerifier,
    Cosigner,
    cosigned_at,
    create_cosigner,
    load_cosigner,
    utc_now_s,
)
from audit.errors import KeyMissing, NoteRefused
from audit.keys import create_signing_key
from audit.note import Note, Signer, Verifier, verify

LOG = Signer("example.com/log", b"s" * 32)
WITNESS = Cosigner("witness.example.com/w1", b"w" * 32, lambda: 1_700_000_000)


def cosigned() -> bytes:
    note = Checkpoint("example.com/log", 5, b"r" * 32).sign(LOG)
    return Note(note.text, (*note.signatures, WITNESS.cosign(note.text))).encode()


def test_a_cosigned_checkpoint_says_who_saw_it_when_and_is_still_the_logs_own_note() -> None:
    assert cosigned_at(cosigned(), [WITNESS.verifier]) == {"witness.example.com/w1": 1_700_000_000}
    assert verify(cosigned(), [LOG.verifier]).text.startswith("example.com/log\n5\n")
    assert len(verify(cosigned(), [LOG.verifier, WITNESS.verifier], signed_by=2).signatures) == 2


def test_the_signed_message_is_the_one_of_the_specification() -> None:
    signature = WITNESS.cosign("example.com/log\n5\nroot\n").signature
    assert signature[:8] == (1_700_000_000).to_bytes(8)
    plain = Verifier("x", WITNESS.verifier.public)
    assert plain.holds("cosignature/v1\ntime 1700000000\nexample.com/log\n5\nroot\n", signature[8:])


def test_unknown_witnesses_are_ignored_and_a_known_ones_broken_word_refuses_the_note() -> None:
    other = Cosigner("witness.example.com/w1", b"o" * 32)
    assert cosigned_at(cosigned(), [other.verifier]) == {}
    text, _, rest = cosigned().partition(b"\n5\n")
    with pytest.raises(NoteRefused, match="does not hold"):
        cosigned_at(text + b"\n6\n" + rest, [WITNESS.verifier])
    assert not WITNESS.verifier.holds("text\n", b"short")


def test_a_witness_key_has_its_own_type_so_that_none_is_taken_for_a_logs(tmp_path: Path) -> None:
    assert WITNESS.verifier.vkey() != Verifier("witness.example.com/w1", WITNESS.verifier.public).vkey()
    read = CosignatureVerifier.from_vkey(WITNESS.verifier.vkey())
    assert read.key_id == WITNESS.verifier.key_id
    with pytest.raises(NoteRefused, match="has type '01', 04 is needed"):
        CosignatureVerifier.from_vkey(LOG.verifier.vkey())
    made = create_cosigner(tmp_path / "w.key", "w", b"k" * 32)
    assert load_cosigner(tmp_path / "w.key").verifier.key_id == made.verifier.key_id
    assert (tmp_path / "w.key.pub").read_text() == made.verifier.vkey() + "\n"
    create_signing_key(tmp_path / "log.key", "log")
    with pytest.raises(KeyMissing, match="the key's id is"):
        load_cosigner(tmp_path / "log.key")
    (tmp_path / "w.key").write_text("nothing")
    with pytest.raises(KeyMissing, match="no witness's key"):
        load_cosigner(tmp_path / "w.key")


def test_a_cosigner_takes_the_time_from_the_wall_clock_unless_told() -> None:
    assert abs(utc_now_s() - int.from_bytes(Cosigner("w", b"k" * 32).cosign("x\n").signature[:8])) <= 1
