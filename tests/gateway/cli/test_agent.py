import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--help"], 0, "worker"),
        (["run", "--help"], 0, "--tools"),
        (["no-such-thing"], 2, "No such command"),
        ([], 2, "Missing argument"),
    ],
)
def test_the_agents_command_takes_over_with_its_own_help_and_exit_code(
    arguments: list[str], code: int, said: str
) -> None:
    command = [sys.executable, "-m", "gateway", "agent", *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (shown.returncode, said in shown.stdout + shown.stderr) == (code, True), shown.stdout + shown.stderr
