"""The file."""


def test_a_book_of_another_log_key_or_format_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    with open_book(tmp_path) as book:
        book.append_now(record(), tenant="a")
    with pytest.raises(BookDamaged, match=r"is of 'example\.com/log', expected 'other'"):
        open_book(tmp_path, origin="other")
    with pytest.raises(NoteRefused):
        Book.open(path, signer=Signer("example.com/log", b"x" * 32))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE book_meta SET value = 99 WHERE name = 'format'")
    db.close()
    with pytest.raises(BookDamaged, match="format 99"):
        open_book(tmp_path)
