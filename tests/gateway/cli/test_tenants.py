"""`tollhouse tenants`."""

import json
from pathlib import Path

from tests.gateway.cli.commands import Commands


def test_tenants_are_made_capped_disabled_listed_and_shown(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    made = commands.run("tenants", "create", "globex", "--cap", "usd=5/month", "--cap", "tokens=1000/day/soft")
    assert "$0.00 of $5.00 a month; 0 tokens of 1,000 tokens a day (soft)" in made.stdout
    capped = commands.run("tenants", "cap", "globex", "usd=2.50/total")
    assert "$0.00 of $2.50 in all" in capped.stdout
    assert "no cap" in commands.run("tenants", "cap", "globex", "--none").stdout
    assert "(disabled)" in commands.run("tenants", "disable", "globex").stdout
    assert "(disabled)" not in commands.run("tenants", "disable", "globex", "--undo").stdout
    listed = commands.run("tenants", "list").stdout.splitlines()
    assert listed[0].split() == ["TENANT", "SPENT", "CAPS"]
    assert listed[1].endswith("declared")
    assert json.loads(commands.run("tenants", "show", "globex", "--json").stdout)["id"] == "globex"
    assert len(json.loads(commands.run("tenants", "list", "--json").stdout)["tenants"]) == 2


def test_what_the_gateway_refuses_ends_with_its_sentence_and_code_1(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    assert "already" in commands.run("tenants", "create", "acme", code=1).stderr
    assert "change it there" in commands.run("tenants", "cap", "acme", "--none", code=1).stderr
    assert "no such tenant" in commands.run("tenants", "show", "nobody", code=1).stderr


def test_a_cap_command_without_a_cap_is_wrong_usage(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "cap", "acme", code=2)
    commands.run("tenants", "cap", "acme", "usd=1/day", "--none", code=2)


def test_one_cap_is_raised_and_the_others_stay_and_spend_is_watched(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "create", "globex", "--cap", "usd=5/month", "--cap", "concurrency=2")
    raised = commands.run("tenants", "raise", "globex", "usd=9/month", "output_tokens=7/call").stdout
    assert "$0.00 of $9.00 a month" in raised
    assert "0 concurrency of 2 concurrency" in raised
    watched = commands.run("tenants", "watch", "globex", "--every", "0.1", "--looks", "2").stdout.splitlines()
    assert len(watched) == 1, "a line only when something changed"
    assert "$0.00 in all; " in watched[0]
    told = commands.run("tenants", "watch", "globex", "--looks", "1", "--json").stdout
    assert json.loads(told)["id"] == "globex"


def test_a_tenant_is_stopped_and_lifted_also_one_that_the_file_declares(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    assert "(declared, stopped)" in commands.run("tenants", "stop", "acme").stdout
    assert "stopped" in commands.run("tenants", "list").stdout
    assert "stopped" not in commands.run("tenants", "lift", "acme").stdout
