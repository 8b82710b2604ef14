"""`tollhouse usage`."""

import asyncio
import json
from pathlib import Path

from tests.gateway.admin.test_usage import used
from tests.gateway.cli.commands import Commands
from tests.gateway.operator import opened


def test_use_is_told_by_key_model_and_day_and_what_differs(tmp_path: Path) -> None:
    commands = Commands(tmp_path)

    async def called() -> None:
        with opened(commands.path) as operator:
            await used(operator, "a", 7_000)
            await used(operator, "b", 5_000, feature="search", model="large")

    asyncio.run(called())
    told = commands.run("usage", "by", "model", "feature", "--limit", "1", "--since", "2000-01-01")
    assert told.stdout.splitlines()[1].split() == ["small", "-", "1", "2", "3", "$0.000007"]
    assert "and more" in told.stderr
    said = json.loads(commands.run("usage", "by", "key", "--tenant", "acme", "--json").stdout)
    assert [each["nano_usd"] for each in said["spend"]] == [12_000]
    assert commands.run("usage", "by", "day", "--until", "2000-01-01").stdout.splitlines()[1:] == []
    differing = commands.run("usage", "differing").stdout.splitlines()
    assert differing[1].split()[-2:] == ["2/0", "900/0"]
    assert len(json.loads(commands.run("usage", "differing", "--json").stdout)["differing"]) == 2
    commands.run("usage", "by", code=2)
