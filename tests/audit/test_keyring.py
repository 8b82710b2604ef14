"""keyring."""


def test_a_key_that_is_gone_is_told_apart_from_one_that_was_shredded(book: Book) -> None:
    index = add(book, b"first")
    book.change_now([("UPDATE book_key SET wrapped = NULL", ())])
    with pytest.raises(Shredded, match="key of this payload was destroyed"):
        book.payload(index)
    book.change_now([("DELETE FROM book_key", ())])
    with pytest.raises(KeyMissing, match="is not in the book"):
        book.payload(index)


def test_keys_are_read_anew_after_a_failed_commit(book: Book) -> None:
    first = add(book, b"first")
    with pytest.raises(BookUnavailable):
        book.change_now([("ROLLBACK", ())])
    second = add(book, b"second")
    assert (book.payload(first), book.payload(second)) == (b"first", b"second")
    assert book.query("SELECT count(*) FROM book_key") == [(1,)]


def test_only_the_last_thousand_keys_are_kept_in_memory(book: Book) -> None:
    keyring = Keyring(MASTER)
    book.change_now([keyring.new("a", f"p_{each}", 1) for each in range(1_001)])
    for each in range(1_001):
        assert keyring.find(book._reader, "a", f"p_{each}") is not None
    assert len(keyring._cache) == 1_000


def test_shredding_a_tenant_takes_everything_of_it_and_its_pseudonyms(book: Book) -> None:
    mine, other = add(book, SECRET, "ann"), add(book, b"theirs", "ann", tenant="b")
    before = pseudonym(book.secret("a"), "person", "ann")
    book.shred("a", actor="local:0")
    with pytest.raises(Shredded):
        book.payload(mine)
    assert book.payload(other) == b"theirs"
    assert pseudonym(book.secret("a"), "person", "ann") != before
