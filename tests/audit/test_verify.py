"""verify."""


def test_the_untouched_book_verifies(path: Path) -> None:
    verdict = verify(path)
    assert verdict.ok
    assert (verdict.size, verdict.signed_size) == (SIZE, SIZE)
    assert verdict.sentences() == ["example.com/log: 700 records verified, 2 checkpoints hold, 2 tenants complete"]


def test_an_edited_record_is_named(path: Path) -> None:
    run(path, EDIT)
    verdict = verify(path)
    assert verdict.altered() == [123]
    assert "NOT what was written" in verdict.sentences()[0]
    assert "record 123 was altered" in verdict.sentences()[1]


def test_an_edited_record_with_its_hash_made_to_fit_is_named_by_its_tile(path: Path) -> None:
    run(path, EDIT)
    db = sqlite3.connect(path, isolation_level=None)
    (body,) = db.execute("SELECT body FROM book_leaf WHERE idx = 123").fetchone()
    db.execute("UPDATE book_leaf SET hash = ? WHERE idx = 123", (leaf_hash(body.encode()),))
    db.close()
    assert verify(path).altered() == [123]


def test_an_edit_with_every_hash_made_to_fit_is_found_between_two_checkpoints(path: Path) -> None:
    run(path, EDIT)
    rewrite_text(path)
    rewrite(path)
    [problem, *_] = [each for each in verify(path).problems if each.kind == "root"]
    assert "between 0 and 349" in problem.sentence


def test_a_tenants_dropped_tail_shows_against_its_signed_head(path: Path) -> None:
    """The attacker cuts the whole log and the checkpoints back, but has no older head of the tenant."""
    run(path, "DELETE FROM book_leaf WHERE idx >= 350", "DELETE FROM book_checkpoint WHERE size > 350")
    verdict = verify(path)
    assert "tenant" in kinds(verdict)
    assert "tenant a had 350 records among 700, only 350 are here" in verdict.sentences()


def test_a_head_that_claims_another_number_is_found(path: Path) -> None:
    root = verify(path).root
    note = Head("example.com/log", "a", 351, SIZE, root).sign(SIGNER).encode()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE book_head SET tseq = 351, note = ? WHERE tenant = 'a'", (note,))
    db.close()
    assert "tenant a has 350 records in the first 700, 351 were signed" in verify(path).sentences()


def test_a_clock_that_went_back_and_many_contradictions_are_told_within_bounds(path: Path) -> None:
    run(path, "UPDATE book_leaf SET hash = zeroblob(32)")
    verdict = verify(path)
    assert len(verdict.problems) == 100
    assert verdict.sentences()[-1] == f"… and {verdict.problem_count - 100} more"
