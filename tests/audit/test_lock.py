"""One owner a folder, for as long as it lives and no longer."""


def test_a_second_owner_is_refused_and_told_who_the_first_is(book: Book, tmp_path: Path) -> None:
    with pytest.raises(FolderLocked, match=r"belongs to a running process \(pid \d+\)"):
        open_book(tmp_path)
    assert book.failure is None
