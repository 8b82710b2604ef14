"""Policies of asking a person."""

from agents import Case, after_steps, any_of, on_tools


def case(steps: int, tool: str) -> Case:
    return Case("task", steps, "thought", tool, {})


def test_each_policy_gives_its_reason_or_none() -> None:
    late = after_steps(3, lambda case: case.tool == "refund")
    assert late(case(4, "refund"))
    assert late(case(3, "refund")) is None
    assert late(case(4, "look")) is None
    named = on_tools("refund")
    assert named(case(1, "refund")) == "refund needs a person's word"
    both = any_of(late, on_tools("delete"))
    assert both(case(1, "delete"))
    assert both(case(1, "look")) is None
