from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.litellm import Imported, imported


def of(**parts: Any) -> Imported:
    return imported({"model_list": [deployment("gpt", "openai/gpt-4o"), deployment("claude", "claude-x")], **parts}, {})


def deployment(name: str, model: str, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}}


def models(result: Imported) -> dict[str, dict[str, Any]]:
    return {model["name"]: model for model in result.tree["models"]}


def test_fallbacks_of_both_places_are_the_models_own() -> None:
    result = of(
        router_settings={"fallbacks": [{"gpt": ["claude"]}]},
        litellm_settings={"fallbacks": [{"claude": ["gpt", "gone"]}]},
    )
    assert models(result)["gpt"]["fallbacks"] == ["claude"]
    assert models(result)["claude"]["fallbacks"] == ["gpt"]
    assert "litellm_settings.fallbacks.claude" in result.lost


def test_a_default_fallback_is_one_for_every_other_model() -> None:
    found = models(of(router_settings={"default_fallbacks": ["claude"]}))
    assert found["gpt"]["fallbacks"] == ["claude"]
    assert "fallbacks" not in found["claude"]


def test_an_alias_is_a_model_with_the_same_targets() -> None:
    result = of(router_settings={"model_group_alias": {"best": {"model": "gpt", "hidden": True}, "none": "gone"}})
    assert models(result)["best"]["targets"] == models(result)["gpt"]["targets"]
    assert list(result.lost) == ["router_settings.model_group_alias.none"]


def test_retries_timeouts_and_cooldowns_of_the_router_are_every_upstreams() -> None:
    result = of(router_settings={"num_retries": 2, "timeout": 90, "allowed_fails": 3, "cooldown_time": 60})
    for upstream in result.tree["upstreams"]:
        assert upstream["timeouts"] == {"total_s": 90, "first_byte_s": 90, "connect_s": 5}
        assert upstream["breaker"] == {"failures_max": 4, "open_s": 60}
    assert all(model["retries"] == {"attempts_max": 3} for model in result.tree["models"])
    assert result.lost == {}


def test_presidio_becomes_actions_for_the_kinds_that_are_found_here() -> None:
    params = {
        "guardrail": "presidio",
        "mode": ["pre_call", "post_call"],
        "default_on": True,
        "output_parse_pii": True,
        "pii_entities_config": {"EMAIL_ADDRESS": "MASK", "CREDIT_CARD": "BLOCK", "PERSON": "MASK"},
    }
    result = of(guardrails=[{"guardrail_name": "pii", "litellm_params": params}])
    (profile,) = result.tree["profiles"]
    assert profile["name"] == "default"
    assert profile["guards"] == {
        "request": {"email": "tokenize", "card": "block"},
        "reply": {"email": "mask", "card": "block"},
    }
    assert list(result.lost) == ["guardrails[0].litellm_params.pii_entities_config.PERSON"]


@pytest.mark.parametrize(
    ("params", "guards", "lost"),
    [
        ({"guardrail": "hide-secrets", "mode": "pre_call", "default_on": True}, {"request": {"secret": "mask"}}, []),
        ({"guardrail": "hide-secrets", "mode": "logging_only"}, {"request": {"secret": "observe"}}, ["default_on"]),
        (
            {"guardrail": "hide-secrets", "mode": "during_call", "default_on": True},
            {"request": {"secret": "mask"}},
            ["mode"],
        ),
        ({"guardrail": "aporia", "mode": "post_call"}, None, [""]),
        ({"guardrail": "presidio", "mode": "pre_mcp_call"}, None, ["", "mode"]),
    ],
)
def test_other_guardrails_are_carried_over_or_told(
    params: dict[str, Any], guards: dict[str, Any] | None, lost: list[str]
) -> None:
    result = of(guardrails=[{"guardrail_name": "g", "litellm_params": params}])
    (profile,) = result.tree.get("profiles", [{}])
    assert profile.get("guards") == guards
    assert sorted(place.removeprefix("guardrails[0]").removeprefix(".litellm_params.") for place in result.lost) == lost


def test_the_caches_time_is_carried_over() -> None:
    result = of(litellm_settings={"cache_params": {"ttl": 600, "type": "redis"}})
    assert result.tree["profiles"] == [{"name": "default", "cache": {"ttl_s": 600}}]
    assert list(result.lost) == ["litellm_settings.cache_params"]


def test_what_is_not_read_is_told_and_no_value_is_quoted() -> None:
    result = of(
        general_settings={"master_key": "sk-the-master", "database_url": "postgresql://user:word@host/db"},
        litellm_settings={"drop_params": True, "max_budget": 100},
        router_settings={"routing_strategy": "least-busy"},
        environment_variables={"OPENAI_API_KEY": "sk-the-key"},
        something_new=1,
    )
    assert set(result.lost) == {
        "general_settings.master_key",
        "general_settings.database_url",
        "litellm_settings.drop_params",
        "litellm_settings.max_budget",
        "router_settings.routing_strategy",
        "environment_variables",
        "something_new",
    }
    assert not {"sk-the-master", "sk-the-key", "word"} & set(f"{result}".replace(":", " ").split())


_SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_PARAMS = ("api_base", "api_key", "timeout", "custom_llm_provider", "max_retries", "input_cost_per_token")
_DEPLOYMENTS = st.fixed_dictionaries(
    {},
    optional={
        "model_name": st.just("m") | _SCRAPS,
        "litellm_params": st.fixed_dictionaries(
            {"model": st.sampled_from(["openai/x", "azure/x", "x"]) | _SCRAPS},
            optional=dict.fromkeys(_PARAMS, _SCRAPS),
        )
        | _SCRAPS,
        "model_info": _SCRAPS,
    },
)
_MEMBERS = (
    "fallbacks",
    "default_fallbacks",
    "model_group_alias",
    "num_retries",
    "timeout",
    "allowed_fails",
    "cache_params",
)
_PARTS = st.dictionaries(st.sampled_from(_MEMBERS), _SCRAPS) | _SCRAPS


@given(st.lists(_DEPLOYMENTS | _SCRAPS, max_size=3) | _SCRAPS, _PARTS, _PARTS, _SCRAPS)
def test_no_file_breaks_the_import(deployments: Any, router: Any, library: Any, guardrails: Any) -> None:
    parts = {"router_settings": router, "litellm_settings": library, "guardrails": guardrails}
    imported({"model_list": deployments, **parts}, {})
