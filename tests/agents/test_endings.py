"""What the gateway says becomes how a run ends."""

import pytest

from agents.endings import Refused


@pytest.mark.parametrize(
    ("code", "param", "status", "stop"),
    [
        ("budget_exceeded", "run.tokens", "stopped", "tokens"),
        ("budget_exceeded", "run.seconds", "stopped", "deadline"),
        ("budget_exceeded", "run.depth", "stopped", "agents"),
        ("budget_exceeded", "key.day.usd", "stopped", "usd"),
        ("budget_exceeded", None, "stopped", "usd"),
        ("loop_detected", None, "stopped", "loop"),
        ("deadline_exceeded", None, "stopped", "deadline"),
        ("approval_required", None, "waiting", "approval"),
        ("approval_denied", None, "stopped", "approval"),
        ("run_ended", None, "cancelled", None),
        ("output_invalid", None, "stopped", "invalid_output"),
        ("upstream_error", None, "failed", "upstream"),
        ("anything_new", None, "failed", "upstream"),
    ],
)
def test_each_code_is_an_ending(code: str, param: str | None, status: str, stop: str | None) -> None:
    ending = Refused(400, code, "why", param=param).ending()
    assert (ending.status, ending.stop, ending.message) == (status, stop, "why")


def test_a_run_that_expired_met_its_deadline() -> None:
    ending = Refused(402, "run_ended", "run x has ended (expired)").ending()
    assert (ending.status, ending.stop) == ("stopped", "deadline")
