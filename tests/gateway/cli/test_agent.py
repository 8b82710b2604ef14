import subprocess
import sys


def test_the_agents_command_takes_over_with_its_own_help_and_exit_code() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "agent", "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert shown.returncode == 0
    assert "resume" in shown.stdout
    assert "worker" in shown.stdout
    wrong = subprocess.run(
        [sys.executable, "-m", "gateway", "agent", "no-such-thing"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 2
