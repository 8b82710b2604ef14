"""The tamper matrix: every way to rewrite the book, and what gives it away."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.book import Book
from audit.checkpoint import Checkpoint
from audit.payloads import verify_payloads
from tests.audit.forging import (
    EDIT,
    MASTER,
    SIGNER,
    SIZE,
    forge,
    kinds,
    reader_root,
    rewrite,
    rewrite_text,
    run,
    verify,
    write_book,
)  # fmt: skip
from tests.audit.writing import write


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_book(tmp_path_factory.mktemp("written"))


@pytest.fixture
def path(written: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "book.sqlite"
    path.write_bytes(written)
    return path


@pytest.mark.parametrize(
    ("name", "attack", "expected"),
    [
        ("delete", lambda path: run(path, "DELETE FROM book_leaf WHERE idx = 300"), "missing"),
        (
            "reorder",
            lambda path: run(
                path,
                "UPDATE book_leaf SET idx = -1 WHERE idx = 10",
                "UPDATE book_leaf SET idx = 10 WHERE idx = 11",
                "UPDATE book_leaf SET idx = 11 WHERE idx = -1",
            ),
            "altered",
        ),
        (
            "insert",
            lambda path: run(
                path,
                "INSERT INTO book_leaf SELECT 700, hash, body, at_us, kind, tenant, 351, run FROM book_leaf LIMIT 1",
            ),
            "tseq",
        ),
        ("truncate", lambda path: run(path, "DELETE FROM book_leaf WHERE idx >= 690"), "truncated"),
        ("truncate to nothing", lambda path: run(path, "DELETE FROM book_leaf"), "truncated"),
        (
            "file a record under another tenant",
            lambda path: run(path, "UPDATE book_leaf SET tenant = 'c' WHERE idx = 5"),
            "columns",
        ),
        ("drop the checkpoints", lambda path: run(path, "DELETE FROM book_checkpoint"), "unsigned"),
        ("drop a hash tile", lambda path: run(path, "DELETE FROM book_tile WHERE id = 1"), "tile"),
        (
            "alter an upper tile",
            lambda path: run(path, "UPDATE book_tile SET hashes = zeroblob(64) WHERE id = 1 << 48"),
            "tile",
        ),
        ("cut an upper tile", lambda path: run(path, "DELETE FROM book_tile WHERE id = 1 << 48"), "tile"),
        ("overwrite a record", lambda path: run(path, "UPDATE book_leaf SET body = x'00' WHERE idx = 7"), "format"),
        (
            "swap the heads",
            lambda path: run(path, "UPDATE book_head SET note = (SELECT note FROM book_head WHERE tenant = 'a')"),
            "signature",
        ),
        (
            "file a checkpoint under another size",
            lambda path: run(path, "UPDATE book_checkpoint SET size = 12 WHERE size = 350"),
            "signature",
        ),
        (
            "spoil a checkpoint",
            lambda path: run(path, "UPDATE book_checkpoint SET note = x'0a' WHERE size = 350"),
            "signature",
        ),
        ("store text that is none", lambda path: run(path, "UPDATE book_leaf SET kind = CAST(x'ff' AS TEXT)"), "file"),
        ("spoil a head", lambda path: run(path, "UPDATE book_head SET note = x'0a' WHERE tenant = 'a'"), "signature"),
    ],
)
def test_each_attack_with_write_access_only_is_found(
    path: Path, name: str, attack: Callable[[Path], None], expected: str
) -> None:
    attack(path)
    verdict = verify(path)
    assert not verdict.ok
    assert expected in kinds(verdict), (name, verdict.sentences())


def test_history_rewritten_and_signed_with_the_stolen_key_is_found_by_the_anchor_alone(path: Path) -> None:
    anchor = Checkpoint("example.com/log", 350, reader_root(path, 350))
    run(path, EDIT)
    rewrite_text(path)
    rewrite(path, signer=SIGNER)
    assert verify(path).ok
    found = verify(path, anchor)
    assert kinds(found) == {"root"}
    truncated = Checkpoint("example.com/log", 9_000, b"r" * 32)
    assert kinds(verify(path, truncated)) == {"truncated"}


def steal(path: Path) -> None:
    """Edit, and sign everything anew with the stolen key."""
    forge(path, EDIT)
    rewrite(path, signer=SIGNER)


def fork(path: Path) -> None:
    """Cut back to the first checkpoint, as an old copy is, and write another history with the real key."""
    run(
        path,
        "DELETE FROM book_leaf WHERE idx >= 350",
        "DELETE FROM book_checkpoint WHERE size > 350",
        "DELETE FROM book_tile WHERE id > 0",
        "DELETE FROM book_head",
        "UPDATE book_tenant SET tseq = 175, size = 350",
    )
    rewrite(path)
    with Book.open(path, signer=SIGNER) as book:
        write(book, ({"kind": "intent", "call": f"other{n}", "for": "ab"[n % 2]} for n in range(400)))


MATRIX: list[tuple[str, Callable[[Path], None]]] = [
    ("edit a record", lambda path: run(path, EDIT)),
    ("edit, all hashes made to fit", lambda path: forge(path, EDIT)),
    ("delete a record", lambda path: run(path, "DELETE FROM book_leaf WHERE idx = 300")),
    (
        "insert a record",
        lambda path: run(
            path,
            "UPDATE book_leaf SET idx = -idx WHERE idx >= 200",
            "UPDATE book_leaf SET idx = 1 - idx WHERE idx < 0",
            "INSERT INTO book_leaf SELECT 200, hash, body, at_us, kind, tenant, tseq, run FROM book_leaf WHERE idx = 9",
        ),
    ),
    (
        "reorder two records",
        lambda path: run(
            path,
            "UPDATE book_leaf SET idx = -1 WHERE idx = 10",
            "UPDATE book_leaf SET idx = 10 WHERE idx = 11",
            "UPDATE book_leaf SET idx = 11 WHERE idx = -1",
        ),
    ),
    ("truncate", lambda path: run(path, "DELETE FROM book_leaf WHERE idx >= 690")),
    (
        "truncate, checkpoints too",
        lambda path: run(
            path, "DELETE FROM book_leaf WHERE idx >= 350", "DELETE FROM book_checkpoint WHERE size > 350"
        ),
    ),
    ("swap two payloads", lambda path: run(path, "UPDATE book_payload SET idx = 1 WHERE idx = 0")),
    (
        "drop a tenant's tail",
        lambda path: forge(path, "DELETE FROM book_leaf WHERE idx >= 600 AND tenant = 'b'"),
    ),
    ("rewrite, sign with the stolen key", steal),
    ("fork: restore a copy and go on", fork),
]


def test_the_tamper_matrix(path: Path, written: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """Every attack is found; the two by the owner of the key are found against the anchor and by nothing else."""
    anchor = Checkpoint("example.com/log", SIZE, reader_root(path, SIZE))
    lines = []
    for name, attack in MATRIX:
        path.write_bytes(written)
        attack(path)
        alone = verify(path)
        verify_payloads(path, MASTER, alone)
        against = verify(path, anchor)
        assert not (alone.ok and against.ok), name
        assert alone.ok == (name.startswith(("rewrite, sign", "fork"))), (name, alone.sentences())
        first = (alone if not alone.ok else against).problems[0]
        by = "the book alone" if not alone.ok else "the anchor"
        lines.append(f"{name:<36} {by:<16} {first.sentence[:100]}")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join([f"{'attack':<36} {'found by':<16} first contradiction", *lines]) + "\n")
