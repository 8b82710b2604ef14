"""`tollhouse tools`."""

import json
from pathlib import Path

from tests.gateway.cli.commands import Commands


def test_tools_are_listed_with_who_may_call_them(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with commands.path.open("a") as file:
        file.write("tools:\n  - {name: find, kind: local}\n")
    assert "find  local  acme" in commands.run("tools").stdout
    assert "find" not in commands.run("tools", "--tenant", "globex").stdout
    (shown,) = json.loads(commands.run("tools", "--json").stdout)["tools"]
    assert (shown["calls"], shown["breaker"]) == (0, "")
