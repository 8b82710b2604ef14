"""A published folder verified with nothing but its files: whatever was changed in it is found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.checkpoint import Checkpoint
from audit.errors import BookDamaged, BookError
from audit.folder import read_tile, verify_folder
from audit.note import Signer
from audit.publish import publish
from audit.reader import Reader
from audit.tiles import pack_entries, tile_path, unpack_entries
from tests.audit.opening import SIGNER, open_book
from tests.audit.writing import write

ORIGIN = "example.com/log"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish a book of 600 records: its folder `log` has them, its folder `hashes` has not."""
    folder = tmp_path_factory.mktemp("published")
    with open_book(folder) as book:
        write(book, ({"kind": "intent", "call": f"c{each}"} for each in range(600)))
    with Reader.open(folder / "book.sqlite") as reader:
        publish(reader, folder / "log", SIGNER.verifier, entries=True)
        publish(reader, folder / "hashes", SIGNER.verifier)
    return folder


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    return shutil.copytree(published / "log", tmp_path / "log")


def edit_record(folder: Path) -> None:
    bundle = folder / tile_path(None, 1)
    entries = unpack_entries(bundle.read_bytes())
    entries[44] = entries[44].replace(b"c300", b"c999")
    bundle.write_bytes(pack_entries(entries))


def drop_record(folder: Path) -> None:
    bundle = folder / tile_path(None, 1)
    bundle.write_bytes(pack_entries(unpack_entries(bundle.read_bytes())[:-1]))


@pytest.mark.parametrize(
    ("attack", "kind"),
    [
        (edit_record, "altered"),
        (drop_record, "file"),
        (lambda folder: (folder / tile_path(None, 0)).unlink(), "file"),
        (lambda folder: (folder / tile_path(0, 0)).write_bytes(bytes(8192)), "tile"),
        (lambda folder: (folder / tile_path(0, 2, 88)).write_bytes(bytes(88 * 32)), "root"),
        (lambda folder: (folder / tile_path(0, 0)).write_bytes(b"short"), "file"),
    ],
)
def test_an_altered_folder_does_not_verify(folder: Path, attack: Callable[[Path], None], kind: str) -> None:
    attack(folder)
    verdict = verify_folder(folder, ORIGIN, [SIGNER.verifier])
    assert kind in {each.kind for each in verdict.problems}
    if attack is edit_record:
        assert verdict.altered() == [300]


def test_a_folder_without_a_checkpoint_of_the_known_key_is_refused(folder: Path) -> None:
    with pytest.raises(BookError, match="no checkpoint to verify against"):
        verify_folder(folder, ORIGIN, [Signer(ORIGIN, b"x" * 32).verifier])
    with pytest.raises(BookError, match="no checkpoint to verify against"):
        verify_folder(folder / "tile", ORIGIN, [SIGNER.verifier])


def test_a_folder_without_records_is_verified_by_its_hashes_alone(published: Path, tmp_path: Path) -> None:
    hashes = shutil.copytree(published / "hashes", tmp_path / "hashes")
    verdict = verify_folder(hashes, ORIGIN, [SIGNER.verifier])
    assert (verdict.ok, verdict.size, verdict.tenants) == (True, 600, {})
    (hashes / tile_path(1, 0, 2)).write_bytes(bytes(64))
    assert {each.kind for each in verify_folder(hashes, ORIGIN, [SIGNER.verifier]).problems} == {"root", "tile"}


def test_a_folder_is_held_against_anchors_kept_elsewhere(published: Path) -> None:
    with Reader.open(published / "book.sqlite") as reader:
        true = Checkpoint(ORIGIN, 350, reader.root(350))
    assert verify_folder(published / "log", ORIGIN, [SIGNER.verifier], anchors=[true]).ok
    for forged, kind in (
        (Checkpoint(ORIGIN, 350, bytes(32)), "root"),
        (Checkpoint(ORIGIN, 601, bytes(32)), "truncated"),
    ):
        verdict = verify_folder(published / "log", ORIGIN, [SIGNER.verifier], anchors=[forged])
        assert [each.kind for each in verdict.problems] == [kind]


def test_a_tile_of_another_width_is_refused_with_both_figures(folder: Path) -> None:
    assert len(read_tile(folder, 0, 2, 88)) == 88 * 32
    (folder / tile_path(0, 2, 88)).write_bytes(bytes(87 * 32))
    with pytest.raises(BookDamaged, match="of level 0 has 2784 bytes, 2816 are needed"):
        read_tile(folder, 0, 2, 88)
