"""A book in a file: made by its owner, read by others only if it is there."""

from pathlib import Path

import pytest

from audit.errors import BookDamaged, BookError, FolderLocked
from audit.log import NOTHING
from audit.place import File, place_of


def test_a_path_names_a_file_and_a_place_is_one_already(tmp_path: Path) -> None:
    place = place_of(tmp_path / "book.sqlite")
    assert isinstance(place, File)
    assert place_of(place) is place


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    place = File(tmp_path / "book.sqlite")
    lock = place.own()
    with pytest.raises(FolderLocked):
        place.own()
    lock.release()
    place.own().release()


def test_a_book_that_is_not_there_is_not_made_by_whoever_reads_it(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="does not exist"):
        File(tmp_path / "book.sqlite").connect(read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_log_is_refused_and_what_is_committed_is_seen_by_readers(tmp_path: Path) -> None:
    place = File(tmp_path / "book.sqlite")
    db = place.connect()
    place.prepare(db, "example.com/log", ())
    with pytest.raises(BookDamaged, match="expected 'other'"):
        place.prepare(db, "other", ())
    place.begin(db)
    db.execute("INSERT INTO book_hold VALUES('a', 1)")
    reading = place.connect(read_only=True)
    assert reading.execute("SELECT * FROM book_hold").fetchall() == []
    place.commit(db, NOTHING)
    assert reading.execute("SELECT * FROM book_hold").fetchall() == [("a", 1)]
    place.write_through(db)
    for each in (reading, db):
        each.close()
