"""`tollhouse audit`: the book is read beside its owner, and an altered record is found."""

import json
import sqlite3
from pathlib import Path

from tests.gateway.cli.commands import Commands, served


def test_records_are_exported_by_tenant_and_time_while_the_owner_serves(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with served(commands.path):
        commands.run("tenants", "create", "globex")
        commands.run("keys", "create", "acme", "--name", "app")
        lines = commands.run("audit", "export", "--tenant", "globex").stdout.splitlines()
        assert [json.loads(line)["record"]["change"]["id"] for line in lines] == ["globex"]
        assert commands.run("audit", "export", "--until", "2020-01-01").stdout == ""
        assert commands.run("audit", "export", "--since", "2020-01-01T00:00:00Z", "--kind", "admin").stdout
    out = tmp_path / "out.jsonl"
    assert "records" in commands.run("audit", "export", "-o", str(out)).stderr
    assert len(out.read_text().splitlines()) == 3
    commands.run("audit", "export", "--since", "yesterday", code=2)


def test_an_altered_record_is_found_and_named(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    kept = tmp_path / "kept.pub"
    kept.write_text((tmp_path / "tollhouse-data" / "signing.key.pub").read_text())
    good = commands.run("audit", "verify", "--public-key", str(kept))
    assert "verified" in good.stdout
    assert "keep a copy elsewhere" not in good.stderr
    book = tmp_path / "tollhouse-data" / "book.sqlite"
    with sqlite3.connect(book) as db:
        altered = "CAST(replace(CAST(body AS TEXT), 'globex', 'initech') AS BLOB)"
        db.execute(f"UPDATE book_leaf SET body = {altered} WHERE tenant = 'globex'")
    db.close()
    bad = commands.run("audit", "verify", code=1)
    assert "record 2 was altered" in bad.stdout
    told = json.loads(commands.run("audit", "verify", "--book", str(book), "--json", code=1).stdout)
    assert (told["ok"], told["altered"]) == (False, [2])


def test_a_book_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "does not exist" in Commands(tmp_path).run("audit", "export", code=1).stderr
