"""An ending that no framework writes: the same members as everywhere, but no call's id, for there is no call."""

import orjson

from gateway.admin.ended import written
from gateway.errors import BudgetHeld, NotFound


def test_a_refusal_is_told_in_openais_form_and_not_to_be_repeated() -> None:
    status, headers, body = written(NotFound("there is nothing at this path"))
    assert status == 404
    assert headers == {"content-type": "application/json", "x-should-retry": "false"}
    error = orjson.loads(body)["error"]
    assert error["message"] == "there is nothing at this path"
    assert "call_id" not in error


def test_what_may_be_repeated_says_when() -> None:
    _, headers, _ = written(BudgetHeld("held by others", retry_after_s=2.4))
    assert headers == {"content-type": "application/json", "retry-after": "2"}
