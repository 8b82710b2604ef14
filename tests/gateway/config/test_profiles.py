"""Profiles: three are built in, and what is left out of one of their names comes from them."""

from gateway.config.profiles import BUILT_IN, ProfileSettings, with_built_in


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
