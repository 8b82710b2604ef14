"""A run told to a person, from the command line."""

import base64
import sqlite3
from pathlib import Path

from audit.book import Book
from tests.audit.runs import MASTER, RUN, SIGNER, write_run
from tests.gateway.cli.commands import Commands


def test_a_run_is_told_as_text_and_as_a_page(tmp_path: Path) -> None:
    where = ("--book", str(write_run(tmp_path)))
    commands = Commands(tmp_path)
    told = commands.run("audit", "explain", RUN, *where).stdout
    assert "had not been offered" in told.replace("\n    ", " ")
    out = tmp_path / "run.html"
    commands.run("audit", "explain", RUN, "--html", "--tenant", "acme", "-o", str(out), *where)
    assert out.read_text().startswith("<!doctype html>")
    assert "no record of a run" in commands.run("audit", "explain", RUN, "--tenant", "globex", *where, code=1).stderr


def test_kept_texts_are_shown_with_the_master_key_until_they_are_destroyed(tmp_path: Path) -> None:
    path = write_run(tmp_path, said=b"my name is Ann")
    commands = Commands(tmp_path)
    commands.environ["MASTER"] = base64.b64encode(b"m" * 32).decode()
    arguments = ("audit", "explain", RUN, "--book", str(path), "--master-key", "env/MASTER")
    assert "| my name is Ann" in commands.run(*arguments).stdout
    assert "my name is Ann" not in commands.run(*arguments[:-2]).stdout
    with Book.open(path, signer=SIGNER, master=MASTER) as book:
        book.shred("acme", "ann", actor="k9")
    assert "my name is Ann" not in commands.run(*arguments).stdout


def test_a_periods_evidence_is_a_page_and_a_log_that_does_not_hold_is_exit_code_one(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    (tmp_path / "key.pub").write_text(SIGNER.verifier.vkey())
    commands = Commands(tmp_path)
    where = ("--book", str(path), "--public-key", str(tmp_path / "key.pub"))
    period = ("--from", "2023-11-14T22:13:22Z", "--to", "2023-11-14T22:13:25Z")
    page = commands.run("audit", "evidence", *period, *where).stdout
    assert "tool_call_invalid (1)" in page
    assert "strange (1)" not in page
    with sqlite3.connect(path) as db:
        db.execute("UPDATE book_leaf SET hash = zeroblob(32) WHERE idx = 2")
    db.close()
    assert "NOT what was written" in commands.run("audit", "evidence", *period, *where, code=1).stdout
