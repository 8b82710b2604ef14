"""Reading while the owner writes."""


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path) as opened:
        yield opened


async def test_a_reader_sees_what_was_there_when_it_opened_while_the_owner_goes_on(book: Book, tmp_path: Path) -> None:
    positions = [await book.append(record(n=each), tenant="a") for each in range(5)]
    with Reader.open(tmp_path / "book.sqlite") as reader, Reader.open(book.path, signed_only=True) as signed:
        await book.append(record(n=5), tenant="a")
        assert [index for index, _ in reader.records()] == [0, 1, 2, 3, 4]
        assert [index for index, _ in reader.records(3, 99)] == [3, 4]
        assert positions[4].index == 4
        assert (signed.size, signed.checkpoint) == (0, None)
