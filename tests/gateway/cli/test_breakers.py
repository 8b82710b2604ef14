"""`tollhouse breakers`."""

import json
from pathlib import Path
from random import Random

from limits.breaker import Breaker, BreakerPolicy
from tests.gateway.cli.commands import Commands, served


def test_breakers_of_the_gateway_that_serves_are_listed_and_operated(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with served(commands.path) as (operator, _):
        operator.breakers.append(Breaker("up/m", operator.clock, BreakerPolicy(), Random(1)))
        opened = commands.run("breakers", "open", "up/m", "--seconds", "30")
        assert opened.stdout == "breaker up/m: open, one probe in 30 s\n"
        assert commands.run("breakers", "list").stdout.splitlines()[1].split() == ["up/m", "open", "0", "0", "30", "s"]
        assert commands.run("breakers", "reset", "up/m").stdout == "breaker up/m: open, one probe in 0 s\n"
        assert commands.run("breakers", "close", "up/m").stdout == "breaker up/m: closed\n"
        assert json.loads(commands.run("breakers", "list", "--json").stdout)["breakers"][0]["state"] == "closed"
        assert json.loads(commands.run("breakers", "close", "up/m", "--json").stdout)["state"] == "closed"


def test_where_nobody_serves_there_are_none(tmp_path: Path) -> None:
    assert "no breaker has that name" in Commands(tmp_path).run("breakers", "close", "up/m", code=1).stderr
