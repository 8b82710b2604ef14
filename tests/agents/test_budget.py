"""Budgets say what a run may use."""

from typing import Any

import pytest

from agents import Budget


def test_only_what_is_set_is_asked_for() -> None:
    assert Budget().limits() == {}
    assert Budget(usd="0.10", steps=3).limits() == {"usd": "0.10", "steps": 3}


@pytest.mark.parametrize("usd", ["much", "-1", "1e3", "NaN", ""])
def test_dollars_are_plain_figures(usd: str) -> None:
    with pytest.raises(ValueError, match="usd must be dollars"):
        Budget(usd=usd)


def test_floats_are_not_money() -> None:
    wrong: Any = 0.1
    with pytest.raises(TypeError, match="must be text"):
        Budget(usd=wrong)
