"""The report says what it is, whether the log holds, and every requirement."""

from pathlib import Path

from audit.evidence import REQUIREMENTS, Tally, tally
from audit.reader import Reader
from audit.report import report
from audit.verdict import Verdict
from audit.verify import verify_book
from tests.audit.runs import SIGNER, START_US, write_run


def test_a_report_says_that_it_is_evidence_and_has_every_requirement(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    with Reader.open(path) as reader:
        found = tally(reader.records())
    verdict = verify_book(path, [SIGNER.verifier])
    page = report(found, verdict, from_us=START_US, until_us=START_US + 1, words=["witness/w1 saw <all>"])
    assert "It is not a determination" in page
    assert "11 records verified" in page
    assert "witness/w1 saw &lt;all&gt;" in page
    assert all(each.name.replace("&", "&amp;") in page for each in REQUIREMENTS)
    assert "code strange: records 5" in page
    assert "<script" not in page


def test_a_log_that_does_not_hold_is_said_first() -> None:
    verdict = Verdict("example.com/log")
    verdict.add("altered", 3, "record 3 was altered")
    page = report(Tally(), verdict, from_us=0, until_us=1)
    assert page.index("NOT what was written") < page.index("SOC 2")
    assert "<li>none</li>" in page
