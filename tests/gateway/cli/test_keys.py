"""`tollhouse keys`."""

import hashlib
import json
from pathlib import Path

from tests.gateway.cli.commands import Commands
from tests.gateway.operator import CI_HASH, CI_KEY, opened


def test_a_keys_text_is_all_that_stands_on_standard_output(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    made = commands.run(
        "keys", "create", "acme", "--name", "app", "--profile", "tight", "--model", "small", "--expires", "2029-01-01"
    )
    with opened(commands.path) as operator:
        key = operator.directory.key_of(made.stdout.strip())
        assert key is not None
        assert (key.name, key.models) == ("app", frozenset({"small"}))
    listed = commands.run("keys", "list", "--tenant", "acme").stdout
    assert key.id in listed
    assert "2029-01-01 00:00:00Z" in listed
    assert made.stdout.strip() not in listed
    assert "is revoked" in commands.run("keys", "revoke", key.id).stdout
    assert json.loads(commands.run("keys", "revoke", key.id, "--json").stdout)["revoked"]
    everything = json.loads(commands.run("keys", "list", "--json").stdout)["keys"]
    assert {each["role"] for each in everything} == {"admin", "client"}


def test_an_admin_key_has_no_tenant(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    said = json.loads(commands.run("keys", "create", "--name", "ada", "--role", "admin", "--json").stdout)
    assert said["key"]["tenant"] == "house"
    assert "names its tenant" in commands.run("keys", "create", "--name", "x", code=1).stderr


def test_the_hash_of_a_key_is_what_the_file_takes_and_weak_ones_are_refused(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    assert commands.bare("keys", "hash", text=CI_KEY + "\n").stdout.strip() == CI_HASH
    assert hashlib.sha256(CI_KEY.encode()).hexdigest() == CI_HASH
    assert "too weak" in commands.bare("keys", "hash", text="hunter2\n", code=1).stderr


def test_a_key_is_capped_raised_stopped_and_lifted(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex")
    commands.run("keys", "create", "globex", "--name", "app")
    (key,) = json.loads(commands.run("keys", "list", "--tenant", "globex", "--json").stdout)["keys"]
    assert "$0.00 of $5.00 a day" in commands.run("keys", "cap", key["id"], "usd=5/day").stdout
    raised = commands.run("keys", "raise", key["id"], "usd=6/day", "tokens=9/total").stdout
    assert "$0.00 of $6.00 a day" in raised
    assert "0 tokens of 9 tokens in all" in raised
    assert "no cap" in commands.run("keys", "cap", key["id"], "--none").stdout
    commands.run("keys", "cap", key["id"], code=2)
    assert f"key {key['id']} (stopped)" in commands.run("keys", "stop", key["id"]).stdout
    assert json.loads(commands.run("keys", "lift", key["id"], "--json").stdout)["stopped"] is False
    assert "change it there" in commands.run("keys", "cap", "acme.ci", "--none", code=1).stderr
    assert "no key nobody" in commands.run("keys", "cap", "nobody", "--none", code=1).stderr
