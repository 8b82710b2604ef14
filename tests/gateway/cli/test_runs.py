"""`tollhouse runs`."""

import asyncio
import json
from pathlib import Path

from tests.gateway.cli.commands import Commands
from tests.gateway.operator import CI_KEY, Operator, opened


async def two_runs(operator: Operator) -> tuple[str, str]:
    key = operator.directory.key_of(CI_KEY)
    assert key is not None
    run, token = await operator.registry.open_run(key)
    child, _ = await operator.registry.open_run(operator.directory.key_of(token) or key)
    operator.ledger.count(run.id, "steps")
    return run.id, child.id


def now_runs(commands: Commands) -> tuple[str, str]:
    """Open two runs by the real clock, as the commands see it."""
    with opened(commands.path) as operator:
        operator.clock.turn(max(0, _now_us() / 1e6 - operator.clock.utc_us() / 1e6))
        return asyncio.run(two_runs(operator))


def _now_us() -> int:
    return Path("/proc/self").stat().st_ctime_ns // 1_000


def test_runs_are_listed_shown_and_cancelled_with_their_children(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    run, child = now_runs(commands)
    listed = commands.run("runs", "list").stdout
    assert run in listed
    assert child in listed
    assert f"child of {run}" in commands.run("runs", "show", child).stdout
    shown = commands.run("runs", "show", run).stdout
    assert "0 of 1,000" in shown
    assert "$0.00 of $0.50" in shown
    limited = commands.run("runs", "list", "--limit", "1")
    assert "and more" in limited.stderr
    assert "killed" in commands.run("runs", "cancel", run).stdout
    assert run not in commands.run("runs", "list").stdout
    everything = json.loads(commands.run("runs", "list", "--all", "--json").stdout)["runs"]
    assert {each["status"] for each in everything} == {"killed"}
    assert json.loads(commands.run("runs", "show", run, "--json").stdout)["id"] == run
    assert "no such run" in commands.run("runs", "show", "nothing", code=1).stderr
