"""Proofs, the last records, and searching, from the command line."""

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.book import Book
from audit.checkpoint import from_text
from audit.merkle import verify_consistency, verify_inclusion
from audit.note import parse
from tests.audit.runs import RUN, SIGNER, write_run
from tests.gateway.cli.commands import Commands


@pytest.fixture
def book(tmp_path: Path) -> tuple[Commands, tuple[str, ...]]:
    path = write_run(tmp_path)
    (tmp_path / "signing.key.pub").write_text(SIGNER.verifier.vkey())
    return Commands(tmp_path), ("--book", str(path))


def test_a_record_is_proven_in_the_public_format_and_as_json(book: tuple[Commands, tuple[str, ...]]) -> None:
    commands, where = book
    told = json.loads(commands.run("audit", "prove", "3", "--json", *where).stdout)
    signed = from_text(parse(told["checkpoint"].encode()).text)
    hashes = [base64.b64decode(each) for each in told["proof"]]
    verify_inclusion(3, signed.size, bytes.fromhex(told["leaf"]), hashes, signed.root)
    head, _, note = commands.run("audit", "prove", "3", *where).stdout.partition("\n\n")
    assert head.splitlines() == ["c2sp.org/tlog-proof@v1", "index 3", *told["proof"]]
    assert note == told["checkpoint"]
    assert "is not under a signed checkpoint" in commands.run("audit", "prove", "999", *where, code=1).stderr


def test_two_sizes_are_proven_to_be_one_history(book: tuple[Commands, tuple[str, ...]]) -> None:
    commands, where = book
    told = json.loads(commands.run("audit", "consistency", "4", "--json", *where).stdout)
    roots = bytes.fromhex(told["old_root"]), bytes.fromhex(told["new_root"])
    verify_consistency(4, told["new"], *roots, [base64.b64decode(each) for each in told["proof"]])
    plain = commands.run("audit", "consistency", "4", "7", *where).stdout.splitlines()
    assert (plain[0][:6], plain[1][:6]) == ("old 4 ", "new 7 ")
    assert "the book has 11 records, not 99" in commands.run("audit", "consistency", "4", "99", *where, code=1).stderr


def test_the_last_records_are_told_in_words_or_as_they_are(book: tuple[Commands, tuple[str, ...]]) -> None:
    commands, where = book
    lines = commands.run("audit", "tail", "-n", "8", *where).stdout.splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("3 acme 14 November 2023, 22:13:23 UTC: Asked the model gpt-4o-mini. One value")
    told = commands.run("audit", "tail", "-n", "99", "--tenant", "globex", "--json", *where).stdout.splitlines()
    assert [json.loads(line)["record"]["call"] for line in told] == ["other"]


def test_the_log_is_followed_as_it_grows(tmp_path: Path, book: tuple[Commands, tuple[str, ...]]) -> None:
    _, where = book
    command = [sys.executable, "-m", "gateway", "audit", "tail", "-n", "1", "--follow", *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("10 acme")
        with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as open_book:
            open_book.append_now({"kind": "reload"}, tenant=None)
        started = time.monotonic()
        assert process.stdout.readline().startswith("11 ")
        assert time.monotonic() - started < 10
        process.terminate()


def test_records_are_found_by_what_was_decided(tmp_path: Path, book: tuple[Commands, tuple[str, ...]]) -> None:
    commands, where = book

    def found(*asked: str) -> list[int]:
        told = commands.run("audit", "search", *asked, "--json", *where).stdout
        return [json.loads(line)["index"] for line in told.splitlines()]

    assert found("--run", RUN, "--tool", "wire", "--decision", "refused") == [4]
    assert found("--rule", "unknown", "--code", "tool_call_invalid") == [4]
    assert found("--tenant", "globex") == [0]
    assert found("--kind", "admin", "-n", "2") == [9, 8]
    assert found("--since", "2023-11-14T22:13:29Z") == [10, 9]
    assert (tmp_path / "search.sqlite").exists()
    plain = commands.run("audit", "search", "--call", "call_3", "--index", str(tmp_path / "other"), *where).stdout
    assert "It was not carried out: strange" in plain
