"""A witness cosigns what extends the tree it saw, durably, and never two histories of one log."""

import base64
import os
import shutil
from pathlib import Path

import pytest

from audit.book import Book
from audit.checkpoint import Checkpoint
from audit.cosignature import Cosigner, cosigned_at
from audit.errors import BookError, NoteRefused, ProofRefused
from audit.note import NOTE_BYTES_MAX, Signer
from audit.reader import Reader
from audit.witness import Addition, LogUnknown, NotSigned, TreeConflict, Witness, accept, addition, read_addition

SIGNER = Signer("example.com/log", b"s" * 32)
COSIGNER = Cosigner("witness/w1", b"w" * 32, lambda: 1_700_000_000)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness", COSIGNER, [SIGNER.verifier])


def grow(path: Path, count: int) -> None:
    with Book.open(path, signer=SIGNER) as book:
        for each in range(count):
            book.append_now({"kind": "intent", "call": f"c{each}"}, tenant="a")


def request(path: Path, old: int) -> Addition:
    with Reader.open(path) as reader:
        return addition(reader, old)


def test_a_growing_book_is_cosigned_step_by_step_also_by_a_witness_that_was_restarted(
    tmp_path: Path, witness: Witness
) -> None:
    path, size = tmp_path / "book.sqlite", 0
    for count in (1, 6, 300):
        grow(path, count)
        asked = request(path, size)
        note = accept(asked.note, witness.add(asked.encode()).line().encode(), COSIGNER.verifier)
        assert cosigned_at(note, [COSIGNER.verifier]) == {"witness/w1": 1_700_000_000}
        assert witness.note("example.com/log") == note
        size += count
        witness = Witness(tmp_path / "witness", COSIGNER, [SIGNER.verifier])
    again = request(path, size)
    assert again.proof == ()
    assert witness.add(again.encode()).name == "witness/w1"


def test_a_request_that_starts_elsewhere_is_told_where_the_witness_stands(tmp_path: Path, witness: Witness) -> None:
    path = tmp_path / "book.sqlite"
    grow(path, 5)
    with pytest.raises(TreeConflict) as told:
        witness.add(request(path, 3).encode())
    assert told.value.size == 0
    witness.add(request(path, 0).encode())
    grow(path, 5)
    with pytest.raises(TreeConflict) as told:
        witness.add(request(path, 0).encode())
    assert told.value.size == 5
    witness.add(request(path, 5).encode())


def test_a_fork_is_never_cosigned(tmp_path: Path, witness: Witness) -> None:
    path, backup = tmp_path / "book.sqlite", tmp_path / "backup"
    grow(path, 5)
    shutil.copy(path, backup)
    grow(path, 5)
    witness.add(request(path, 0).encode())
    shutil.copy(backup, path)
    grow(path, 5)
    with pytest.raises(TreeConflict, match="another tree of 10 records"):
        witness.add(request(path, 10).encode())
    grow(path, 5)
    with pytest.raises(ProofRefused):
        witness.add(request(path, 10).encode())
    shutil.copy(backup, path)
    with pytest.raises(ProofRefused, match="cannot be a prefix"):
        request(path, 10)


def test_strangers_logs_keys_and_proofs_are_refused_each_in_its_way(witness: Witness) -> None:
    other = Signer("example.com/other", b"o" * 32)
    stolen = Signer("example.com/log", b"x" * 32)
    tree = Checkpoint("example.com/log", 5, b"r" * 32)
    with pytest.raises(LogUnknown, match="not witnessed here"):
        witness.add(Addition(0, (), Checkpoint("example.com/other", 5, b"r" * 32).sign(other).encode()).encode())
    with pytest.raises(NotSigned):
        witness.add(Addition(0, (), tree.sign(stolen).encode()).encode())
    with pytest.raises(NoteRefused, match="the old size 6 is above"):
        witness.add(Addition(6, (), tree.sign(SIGNER).encode()).encode())
    with pytest.raises(ProofRefused, match="has no hashes"):
        witness.add(Addition(0, (b"h" * 32,), tree.sign(SIGNER).encode()).encode())
    assert witness.note("example.com/other") is None
    assert witness.last("example.com/log") is None


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        b"old 5\n",
        b"new 5\n\nnote",
        b"old -5\n\nnote",
        b"old 5\n!\n\nnote",
        b"old 5\n\xff\n\nnote",
        b"old 5\n" + base64.b64encode(b"short") + b"\n\nnote",
        b"old 5\n" + (base64.b64encode(b"h" * 32) + b"\n") * 64 + b"\nnote",
        b"old 5\n\n" + b"x" * NOTE_BYTES_MAX,
    ],
)
def test_a_malformed_request_is_refused(malformed: bytes) -> None:
    with pytest.raises(NoteRefused):
        read_addition(malformed)


def test_signatures_of_others_do_not_fill_up_the_witnesss_memory(tmp_path: Path, witness: Witness) -> None:
    path = tmp_path / "book.sqlite"
    grow(path, 5)
    asked = request(path, 0)
    text = asked.note.partition(b"\n\n")[0].decode() + "\n"
    for each in range(15):
        line = Signer(f"other{each}", os.urandom(32)).sign(text).signatures[0].line()
        asked = Addition(0, (), asked.note + line.encode())
    witness.add(asked.encode())
    last = witness.last("example.com/log")
    assert last is not None
    assert last.size == 5


def test_an_answer_without_a_cosignature_that_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    grow(path, 5)
    note = request(path, 0).note
    with pytest.raises(NoteRefused, match="no signature line"):
        accept(note, b"<html>", COSIGNER.verifier)
    stranger = Cosigner("witness/w2", b"2" * 32).cosign("x\n").line().encode()
    with pytest.raises(NoteRefused, match="no cosignature of witness/w1"):
        accept(note, stranger, COSIGNER.verifier)
    with pytest.raises(NoteRefused, match="does not hold"):
        accept(note, COSIGNER.cosign("another text\n").line().encode(), COSIGNER.verifier)


def test_a_book_without_a_checkpoint_has_nothing_to_show_to_a_witness(tmp_path: Path) -> None:
    with (
        Book.open(tmp_path / "book.sqlite", signer=SIGNER),
        Reader.open(tmp_path / "book.sqlite") as reader,
        pytest.raises(BookError, match="no signed checkpoint yet"),
    ):
        addition(reader, 0)
