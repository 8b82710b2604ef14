"""Results."""

from decimal import Decimal

import pytest

from agents import Result, RunFailed
from agents.result import Usage


def result(status: str = "completed", **more: object) -> Result:
    values = {"run_id": "r", "stop": None, "message": "", "output": "x", "partial": "x", "usage": Usage(), **more}
    return Result(status=status, **values)  # type: ignore[arg-type]


def test_what_is_left_is_the_accounts_limits_less_its_use() -> None:
    account = {"limits": {"usd": "0.50", "steps": 10, "tokens": None}, "used": {"usd": "0.1", "steps": 4, "tokens": 7}}
    assert result(account=account).remaining == {"usd": "0.40", "steps": 6}
    assert result().remaining == {}


def test_whoever_wants_an_exception_asks_for_it() -> None:
    assert result().raise_for_status().output == "x"
    with pytest.raises(RunFailed, match="run r stopped") as failed:
        result("stopped", stop="steps").raise_for_status()
    assert failed.value.result.partial == "x"


def test_tokens_are_in_and_out() -> None:
    assert Usage(3, 4, Decimal(0)).tokens == 7
