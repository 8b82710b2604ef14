"""Profiles: three are built in, and a kind that is left out of a guard takes its direction's default."""

import pytest
from pydantic import ValidationError

from gateway.config.guards import KINDS, GuardSettings
from gateway.config.profiles import BUILT_IN, ProfileSettings, with_built_in
from gateway.guards import policy


def test_what_is_left_out_comes_from_the_built_in_profile_of_that_name() -> None:
    laid = with_built_in({"name": "support", "run": {"tokens": 7}})
    assert laid == {"name": "support", "call": {"usd": "0.10"}, "run": {"steps": 3, "tokens": 7}}
    assert with_built_in({"name": "other", "run": {}}) == {"name": "other", "run": {}}
    assert BUILT_IN["support"] == {"call": {"usd": "0.10"}, "run": {"steps": 3}}


def test_the_built_in_limits_are_those_of_the_design() -> None:
    support, research, default = (
        ProfileSettings.model_validate({"name": name, **BUILT_IN[name]}) for name in ("support", "research", "default")
    )
    assert [str(each.call.usd) for each in (support, research)] == ["0.10", "1.00"]
    assert [each.run.steps for each in (support, research, default)] == [3, 20, 10]
    run = default.run
    assert (run.tokens, str(run.usd), run.replans, run.agents, run.depth) == (50_000, "0.50", 3, 10, 3)


def test_the_kinds_are_those_that_the_guards_know() -> None:
    assert KINDS == policy.KINDS


def test_a_kind_that_is_left_out_takes_its_directions_default() -> None:
    guards = GuardSettings.model_validate({"request": {"email": "block"}})
    assert guards.request["email"] == "block"
    assert guards.request["phone"] == "tokenize"
    assert guards.request["secret"] == guards.reply["secret"] == "mask"
    assert guards.reply["email"] == guards.tool_arguments["secret"] == "observe"


@pytest.mark.parametrize("wrong", [{"request": {"mail": "block"}}, {"reply": {"email": "tokenize"}}, {"request": 7}])
def test_a_kind_or_action_that_does_not_exist_there_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GuardSettings.model_validate(wrong)
