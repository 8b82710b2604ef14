"""When a call needs a yes: settings, typed rules, taint."""

from typing import Any

import pytest

from gateway.config.tools import ConfiguredTool
from gateway.tools.approval import why
from limits.loops import ToolCall as Step

READ = Step("read", "k", "digest")
OPEN = Step("read", "k")


def asked(arguments: dict[str, Any], *steps: Step, **settings: Any) -> str:
    tool = ConfiguredTool.model_validate({"name": "pay", "kind": "local", **settings})
    return why(tool, arguments, steps, frozenset({"notes"}))


@pytest.mark.parametrize(
    ("rule", "held", "not_held"),
    [
        ("amount > 100", [{"amount": 101}, {"amount": "1e9"}, {"amount": True}], [{"amount": 100}, {}]),
        ("to.country == 'US'", [{"to": {"country": "US"}}], [{"to": {}}, {"to": "US"}]),
        ("to matches '@evil\\.'", [{"to": "a@evil.example"}, {"to": 7}], [{"to": "a@good.example"}]),
        ("has force", [{"force": False}], [{}]),
    ],
)
def test_a_rule_asks_where_it_holds_or_cannot_be_judged(
    rule: str, held: list[dict[str, Any]], not_held: list[dict[str, Any]]
) -> None:
    assert all(asked(each, approval_when=[rule]) == f"when[0] {rule}" for each in held)
    assert not any(asked(each, approval_when=[rule]) for each in not_held)


def test_always_never_and_taint() -> None:
    assert asked({}, approval="always") == "always"
    assert asked({}, READ, approval="never", sensitive=True) == ""
    assert asked({}, READ, sensitive=True) == "tainted"
    assert asked({}, READ) == ""
    assert asked({}, OPEN, Step("notes", "k", "digest"), sensitive=True) == ""
