"""Shredding, holds and another master key, from the command line; afterwards the words are nowhere."""

import base64
from pathlib import Path

from audit.keys import read_secret
from audit.payload import Payload
from tests.gateway.cli.commands import Commands
from tests.gateway.operator import opened

WORDS = b"My name is Ann Lee, Canal Street 5"
SUBJECT = "ann@example.com"


def keep(commands: Commands) -> None:
    with opened(commands.path) as operator:
        for number in range(5):
            record = {"kind": "outcome", "run": f"r{number}"}
            content = WORDS + b" %d" % number
            operator.house.book.append_now(record, tenant="acme", payload=Payload(content, SUBJECT))


def everywhere(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_after_shredding_a_subject_its_words_are_in_no_file_no_index_and_no_later_export(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    keep(commands)
    key_file = str(tmp_path / "tollhouse-data.master.key")
    explain = ("audit", "explain", "r1", "--master-key", f"file/{key_file}")
    assert WORDS.decode() in commands.run(*explain).stdout
    commands.run("audit", "shred", "--tenant", "acme", "--subject", SUBJECT, text="n\n", code=1)
    assert WORDS.decode() in commands.run(*explain).stdout
    done = commands.run("audit", "shred", "--tenant", "acme", "--subject", SUBJECT, "--yes")
    assert "says so" in done.stdout
    commands.run("audit", "search", "--tenant", "acme")
    for form in ("jsonl", "csv", "bundle"):
        commands.run("audit", "export", "--format", form, "-o", str(tmp_path / form))
    commands.run("audit", "explain", "r1", "--html", "--master-key", f"file/{key_file}", "-o", str(tmp_path / "page"))
    left = everywhere(tmp_path)
    assert len(left) > 100_000
    for word in (WORDS, b"Ann Lee", b"Canal Street", SUBJECT.encode()):
        assert word not in left
    assert "verified" in commands.run("audit", "verify").stdout


def test_a_hold_is_set_told_and_lifted(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    assert "acme is under legal hold since" in commands.run("audit", "hold", "acme").stdout
    refused = commands.run("audit", "shred", "--tenant", "acme", "--yes", code=1)
    assert "under legal hold" in refused.stderr
    assert "acme is not under legal hold" in commands.run("audit", "hold", "acme", "--lift").stdout
    assert '"record"' in commands.run("audit", "shred", "--tenant", "acme", "--yes", "--json").stdout
    assert '"since_us": null' in commands.run("audit", "hold", "acme", "--lift", "--json").stdout


def test_another_master_key_opens_what_the_old_one_sealed_and_the_old_one_is_refused(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    keep(commands)
    key_file = tmp_path / "tollhouse-data.master.key"
    commands.environ["NEXT"] = base64.b64encode(b"n" * 32).decode()
    arguments = ("audit", "rewrap", "--new", "env/NEXT", "--old")
    assert "2 keys are wrapped" in commands.run(*arguments, f"file/{key_file}").stdout
    assert "not the master key" in commands.run(*arguments, f"file/{key_file}", code=1).stderr
    assert "not the master key" in commands.run("tenants", "list", code=1).stderr
    assert read_secret(key_file)
    key_file.write_text(commands.environ["NEXT"])
    commands.run("tenants", "list")
    assert WORDS.decode() in commands.run("audit", "explain", "r1", "--master-key", "env/NEXT").stdout


def test_another_signing_key_signs_on_and_the_old_ones_public_half_stays(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    keep(commands)
    folder = tmp_path / "tollhouse-data"
    before = (folder / "signing.key.pub").read_text()
    private = (folder / "signing.key").read_text()
    said = commands.run("audit", "rotate").stdout
    assert "are signed with key" in said
    now = (folder / "signing.key.pub").read_text().splitlines(keepends=True)
    assert (len(now), now[1]) == (2, before)
    assert private.strip() not in "".join(each.read_text(errors="replace") for each in folder.glob("signing*"))
    assert "verified" in commands.run("audit", "verify").stdout
    commands.run("tenants", "list")  # the house opens with the new key
    old = tmp_path / "old.pub"
    old.write_text(before)
    commands.run("audit", "verify", "--public-key", str(old), code=1)
    assert "signing key" in commands.run("audit", "search", "--kind", "admin", "--json").stdout
