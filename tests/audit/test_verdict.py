"""The verdict in figures and in words: what is said of an intact book, of a selection, and of a rewritten one."""

from audit.verdict import PROBLEMS_MAX, Problem, Verdict


def test_an_intact_book_is_told_in_one_line_with_its_figures() -> None:
    verdict = Verdict("example.com/log", size=7, signed_size=7, checkpoints=2, tenants={"a": 4, "b": 3})
    assert verdict.ok
    assert verdict.sentences() == ["example.com/log: 7 records verified, 2 checkpoints hold, 2 tenants complete"]


def test_records_beyond_the_last_checkpoint_are_counted_and_said_to_be_unsigned() -> None:
    verdict = Verdict("example.com/log", size=10, signed_size=7, checkpoints=1)
    assert verdict.sentences()[0].endswith("; the last 3 are not yet under a checkpoint")
    verdict.signed_size = 12
    assert "not yet under" not in verdict.sentences()[0]


def test_a_selection_does_not_claim_that_nothing_was_left_out() -> None:
    verdict = Verdict("example.com/log", size=5, signed_size=700, selected=True)
    [line] = verdict.sentences()
    assert "5 selected records verified against the checkpoint over 700" in line
    assert "cannot show that nothing was left out" in line


def test_a_contradiction_turns_the_verdict_and_names_its_records_once_in_order() -> None:
    verdict = Verdict("example.com/log", size=50)
    verdict.add("altered", 30, "record 30 was altered")
    verdict.add("columns", 7, "record 7 is filed wrongly")
    verdict.add("time", 30, "record 30 went back in time")
    verdict.add("root", None, "the root is another")
    assert not verdict.ok
    assert verdict.altered() == [7, 30]
    assert verdict.sentences() == [
        "example.com/log: NOT what was written: 4 contradictions in 50 records",
        "record 30 was altered",
        "record 7 is filed wrongly",
        "record 30 went back in time",
        "the root is another",
    ]
    assert verdict.problems[0] == Problem("altered", 30, "record 30 was altered")


def test_the_first_hundred_contradictions_are_kept_and_all_are_counted() -> None:
    verdict = Verdict("example.com/log")
    for index in range(PROBLEMS_MAX):
        verdict.add("altered", index, f"record {index}")
    assert verdict.sentences()[-1] == "record 99"
    verdict.add("altered", 100, "record 100")
    assert (len(verdict.problems), verdict.problem_count) == (100, 101)
    assert verdict.sentences()[-1] == "… and 1 more"
    assert 100 not in verdict.altered()


def test_one_is_said_as_one() -> None:
    verdict = Verdict("log", size=2, signed_size=1, checkpoints=1, tenants={"a": 2})
    figures = "2 records verified, 1 checkpoint holds, 1 tenant complete"
    assert verdict.sentences() == [f"log: {figures}; the last one is not yet under a checkpoint"]
    verdict.size = 1
    assert verdict.sentences()[0].startswith("log: 1 record verified")
