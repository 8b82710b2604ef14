"""`tollhouse charges`."""

import asyncio
import json
from pathlib import Path

from tests.gateway.cli.commands import Commands
from tests.gateway.operator import opened
from tests.gateway.test_charges import marked


def test_charges_are_listed_refunded_and_confirmed_by_command(tmp_path: Path) -> None:
    commands = Commands(tmp_path)

    async def charged() -> None:
        with opened(commands.path) as operator:
            await marked(operator, "a", 1_000)
            await marked(operator, "b", 50, "implausible", "local/small:other")
            await marked(operator, "c", 50, "overrun")

    asyncio.run(charged())
    listed = commands.run("charges", "list", "--limit", "2")
    assert "implausible: 1 in all, $0.00000005" in listed.stdout
    assert "local/small:other is out of use until charge b is confirmed or refunded" in listed.stdout
    assert "$0.00000045" in listed.stdout
    assert "and more" in listed.stderr
    refund = ("charges", "refund", "a", "--cost", "0.0000004", "--reason", "invoice 7")
    assert commands.run(*refund).stdout == "charge a is refunded: $0.0000006 were given back\n"
    assert commands.run(*refund).stdout == "charge a was refunded before; nothing was changed\n"
    assert commands.run("charges", "confirm", "b").stdout == "charge b is confirmed\n"
    left = json.loads(commands.run("charges", "list", "--mark", "overrun", "--tenant", "acme", "--json").stdout)
    assert [each["id"] for each in left["charges"]] == ["c"]
    assert json.loads(commands.run("charges", "confirm", "c", "--json").stdout)["already"] is False
    assert "no such charge" in commands.run("charges", "refund", "x", code=1).stderr
    assert "$0.0000005" in commands.run("tenants", "show", "acme").stdout
