"""`tollhouse audit`: the book is read beside its owner, and an altered record is found."""

import base64
import json
import sqlite3
from pathlib import Path

import boto3
import pyarrow.parquet as pq
import pytest

from audit.anchor import FileAnchor
from audit.cosignature import Cosigner
from audit.errors import BookDamaged
from audit.keys import load_verifier
from audit.place import File
from audit.publish import publish
from audit.reader import Reader
from gateway.anchors import Anchors
from gateway.config.anchors import AnchorSettings
from limits.clock import SystemClock
from tests.audit.runs import SIGNER, write_run
from tests.gateway.cli.commands import Commands, served
from tests.servers.live import S3


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


def test_a_bundle_and_a_table_are_exported_and_the_bundle_is_verified_by_itself(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    out = tmp_path / "bundle.json"
    commands.run("audit", "export", "--format", "bundle", "--tenant", "globex", "-o", str(out))
    key = str(tmp_path / "tollhouse-data" / "signing.key.pub")
    assert "1 record verified" in commands.run("audit", "verify", "--bundle", str(out), "--public-key", key).stdout
    commands.run("audit", "verify", "--bundle", str(out), code=2)
    out.write_text(out.read_text().replace("globex", "initech"))
    commands.run("audit", "verify", "--bundle", str(out), "--public-key", key, code=1)
    page = tmp_path / "page.html"
    bundle = ("audit", "export", "--format", "bundle", "--page", str(page))
    commands.run(*bundle, code=2)
    commands.run(*bundle, "-o", str(out))
    assert "Check it yourself" in page.read_text()
    table = commands.run("audit", "export", "--format", "csv").stdout.splitlines()
    assert table[0].startswith("index,time,tenant")
    assert len(table) == 4


def test_a_siem_and_a_warehouse_get_their_own_formats(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    lines = commands.run("audit", "export", "--format", "ocsf", "--tenant", "globex").stdout.splitlines()
    assert [json.loads(line)["class_uid"] for line in lines] == [6003]
    table = tmp_path / "book.parquet"
    commands.run("audit", "export", "--format", "parquet", "-o", str(table))
    assert pq.read_table(table).num_rows == 3


def test_an_anchor_in_a_bucket_is_verified_by_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    key = load_verifier(tmp_path / "tollhouse-data" / "signing.key.pub")
    path = tmp_path / "tollhouse-data" / "book.sqlite"
    with S3() as server:
        client = boto3.client("s3", endpoint_url=server.url)
        client.create_bucket(Bucket="anchors", ObjectLockEnabledForBucket=True)
        client.close()
        settings = AnchorSettings(name="locked", bucket="s3://anchors/log", endpoint=server.url, retain_days=1)
        there = Anchors([settings], File(path), key.name, [key], SystemClock(), folder=tmp_path)
        there.check()
        verify = ("audit", "verify", "--anchor", "s3://anchors/log", "--endpoint", server.url)
        assert "verified" in commands.run(*verify).stdout
        for file in path.parent.glob("book.sqlite*"):
            file.unlink()
        commands.run("tenants", "create", "initech")
        assert "NOT what was written" in commands.run(*verify, code=1).stdout
        with pytest.raises(BookDamaged, match="does not extend what s3://anchors/log anchors"):
            there.check()
    assert "no such file" in commands.run("audit", "verify", "--anchor", "absent", code=2).stderr


def test_a_published_folder_is_verified(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    data = tmp_path / "tollhouse-data"
    with Reader.open(data / "book.sqlite") as reader:
        publish(reader, tmp_path / "tiles", load_verifier(data / "signing.key.pub"), entries=True)
    key = str(data / "signing.key.pub")
    assert "verified" in commands.run("audit", "verify", "--tiles", str(tmp_path / "tiles"), "--public-key", key).stdout


def test_anchors_and_witnesses_are_heard(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    data = tmp_path / "tollhouse-data"
    verifier = load_verifier(data / "signing.key.pub")
    anchor = FileAnchor(tmp_path / "anchor", verifier.name, [verifier])
    with Reader.open(data / "book.sqlite") as reader:
        anchor.add(reader)
    arguments = ("audit", "verify", "--anchor", str(tmp_path / "anchor"))
    commands.run(*arguments)
    witness = Cosigner("witness/w1", b"w" * 32, lambda: 1_700_000_000)
    unheard = commands.run(*arguments, "--witness-key", witness.verifier.vkey(), code=1)
    assert "has the word of the witness witness/w1" in unheard.stdout
    [note] = anchor.notes()
    anchor.keep(note + witness.cosign(note.partition(b"\n\n")[0].decode() + "\n").line().encode())
    heard = commands.run(*arguments, "--witness-key", witness.verifier.vkey())
    assert "witness/w1 saw the first 3 records, on 2023-11-14 22:13:20Z" in heard.stdout


def test_payloads_are_opened_with_the_master_key(tmp_path: Path) -> None:
    path = write_run(tmp_path, said=b"hello")
    (tmp_path / "key.pub").write_text(SIGNER.verifier.vkey())
    commands = Commands(tmp_path)
    commands.environ["MASTER"] = base64.b64encode(b"m" * 32).decode()
    arguments = ("--book", str(path), "--public-key", str(tmp_path / "key.pub"), "--master-key", "env/MASTER")
    assert "2 payloads are what was committed to" in commands.run("audit", "verify", *arguments).stdout
