"""OpenAI's error body, with both figures where there are any."""

from gateway.dialects.errors import openai_error
from gateway.errors import BudgetExceeded, InvalidApiKey


def test_an_ending_has_the_members_that_clients_read() -> None:
    ending = BudgetExceeded("used up", param="run.tokens", limit=50_000, actual=49_990)
    assert openai_error(ending, "call_1") == {
        "error": {
            "message": "used up",
            "type": "insufficient_quota",
            "param": "run.tokens",
            "code": "budget_exceeded",
            "call_id": "call_1",
            "limit": 50_000,
            "actual": 49_990,
        }
    }


def test_figures_that_are_not_there_are_left_out() -> None:
    assert not {"limit", "actual"} & openai_error(InvalidApiKey("no key"), "call_1")["error"].keys()
