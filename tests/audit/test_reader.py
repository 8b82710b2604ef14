"""Reading a book while its owner goes on writing it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.book import Book
from audit.checkpoint import open_checkpoint
from audit.errors import BookDamaged, BookError
from audit.merkle import root_of, verify_consistency, verify_inclusion
from audit.reader import Reader
from tests.audit.opening import SIGNER, open_book, record
from tests.audit.writing import write

SIZE = 300


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a closed book of 300 records, so that one of its hash tiles is full and one is not."""
    folder = tmp_path_factory.mktemp("closed")
    with open_book(folder) as opened:
        write(opened, (record(n=each) for each in range(SIZE)))
    return folder / "book.sqlite"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path) as opened:
        yield opened


async def test_a_reader_sees_what_was_there_when_it_opened_while_the_owner_goes_on(book: Book, tmp_path: Path) -> None:
    positions = [await book.append(record(n=each), tenant="a") for each in range(5)]
    with Reader.open(tmp_path / "book.sqlite") as reader, Reader.open(book.place, signed_only=True) as signed:
        await book.append(record(n=5), tenant="a")
        assert [index for index, _ in reader.records()] == [0, 1, 2, 3, 4]
        assert [index for index, _ in reader.records(3, 99)] == [3, 4]
        assert positions[4].index == 4
        assert (signed.size, signed.checkpoint) == (0, None)


def test_every_record_is_proven_in_the_tree_and_every_size_extends_the_one_before(closed: Path) -> None:
    with Reader.open(closed) as reader:
        leaves = [row[1] for row in reader.rows()]
        assert (reader.size, reader.root()) == (SIZE, root_of(leaves))
        for index in (0, 1, 255, 256, SIZE - 1):
            verify_inclusion(index, SIZE, leaves[index], reader.prove(index), reader.root())
            verify_inclusion(index, index + 1, leaves[index], reader.prove(index, index + 1), reader.root(index + 1))
        for old in (1, 255, 256, 257, SIZE):
            assert reader.root(old) == root_of(leaves[:old])
            verify_consistency(old, SIZE, reader.root(old), reader.root(), reader.prove_consistency(old))
        verify_consistency(7, 256, reader.root(7), reader.root(256), reader.prove_consistency(7, 256))


def test_rows_come_in_order_whatever_the_page_and_end_where_the_book_does(closed: Path) -> None:
    with Reader.open(closed) as reader:
        for page in (1, 7, SIZE, 1_000):
            assert [row[0] for row in reader.rows(page=page)] == list(range(SIZE))
        assert [row[0] for row in reader.rows(298, 10_000)] == [298, 299]
        assert list(reader.rows(SIZE)) == []
        assert [index for index, _ in reader.records(5, 7)] == [5, 6]


def test_signed_only_sees_as_much_as_the_last_checkpoint_covers(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append_now(record(), tenant="a")
    with open_book(tmp_path) as book:
        book.append_now(record(), tenant="a")
        with Reader.open(book.place, signed_only=True) as signed, Reader.open(book.place) as whole:
            assert (signed.size, whole.size) == (1, 2)
            assert signed.checkpoint is not None
            assert open_checkpoint(signed.checkpoint, signed.origin, [SIGNER.verifier]).root == signed.root()


def test_a_file_that_is_not_there_or_has_another_format_is_refused_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    with pytest.raises(BookError, match=r"book\.sqlite does not exist"):
        Reader.open(path)
    assert not path.exists()
    with open_book(tmp_path) as book:
        book.change_now([("UPDATE book_meta SET value = 2 WHERE name = 'format'", ())])
        with pytest.raises(BookDamaged, match="has format 2, this version reads 1"):
            Reader.open(path)
