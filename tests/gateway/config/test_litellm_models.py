from typing import Any

import pytest

from gateway.config.litellm import Imported, imported


def one(
    model: str = "openai/gpt-4o", info: Any = None, environ: dict[str, str] | None = None, **params: Any
) -> Imported:
    entry = {"model_name": "m", "litellm_params": {"model": model, **params}, "model_info": info}
    return imported({"model_list": [entry]}, environ or {})


@pytest.mark.parametrize(
    ("model", "params", "kind", "base_url", "key", "asked"),
    [
        ("openai/gpt-4o", {}, "openai", "https://api.openai.com/v1", "env/OPENAI_API_KEY", "gpt-4o"),
        ("gpt-4o", {}, "openai", "https://api.openai.com/v1", "env/OPENAI_API_KEY", "gpt-4o"),
        ("claude-x", {}, "anthropic", "https://api.anthropic.com/v1", "env/ANTHROPIC_API_KEY", "claude-x"),
        ("groq/llama", {}, "openai_compatible", "https://api.groq.com/openai/v1", "env/GROQ_API_KEY", "llama"),
        (
            *("azure/mine", {"api_base": "https://me.openai.azure.com/", "api_key": "os.environ/MY_KEY"}),
            *("azure", "https://me.openai.azure.com/openai/v1", "env/MY_KEY", "mine"),
        ),
        (
            *("openai/local", {"api_base": "http://10.0.0.5:8000/v1"}),
            *("openai_compatible", "http://10.0.0.5:8000/v1", "env/OPENAI_API_KEY", "local"),
        ),
        (
            "hosted_vllm/org/model",
            {"api_base": "http://h:1/v1"},
            "openai_compatible",
            "http://h:1/v1",
            None,
            "org/model",
        ),
        ("ollama/llama3", {}, "openai_compatible", "http://127.0.0.1:11434/v1", None, "llama3"),
    ],
)
def test_a_provider_is_an_upstream(
    *, model: str, params: dict[str, Any], kind: str, base_url: str, key: str | None, asked: str
) -> None:
    result = one(model, **params)
    (upstream,) = result.tree["upstreams"]
    assert (upstream["kind"], upstream["base_url"], upstream.get("api_key")) == (kind, base_url, key)
    assert upstream.get("private_addresses", False) == base_url.startswith("http://")
    assert result.tree["models"] == [{"name": "m", "targets": [{"upstream": upstream["name"], "model": asked}]}]
    assert result.lost == {}


def test_deployments_of_one_name_are_targets_in_their_order_and_share_an_upstream_where_they_can() -> None:
    names = ("openai/a", "openai/b", "anthropic/c", "openai/d")
    bases: tuple[dict[str, str], ...] = ({}, {}, {}, {"api_key": "os.environ/OTHER"})
    entries = [
        {"model_name": "m", "litellm_params": {"model": model, **more}}
        for model, more in zip(names, bases, strict=True)
    ]
    result = imported({"model_list": entries}, {})
    assert [upstream["name"] for upstream in result.tree["upstreams"]] == ["openai", "anthropic", "openai-2"]
    (model,) = result.tree["models"]
    assert [(each["upstream"], each["model"]) for each in model["targets"]] == [
        ("openai", "a"),
        ("openai", "b"),
        ("anthropic", "c"),
        ("openai-2", "d"),
    ]
    assert len(result.lost) == 3


def test_a_key_that_stands_in_the_file_is_not_copied() -> None:
    result = one(api_key="sk-in-the-file")
    assert result.tree["upstreams"][0]["api_key"] == "env/OPENAI_API_KEY"
    assert "OPENAI_API_KEY" in result.lost["model_list[0].litellm_params.api_key"]
    assert "sk-in-the-file" not in str(result)
    result = one("hosted_vllm/x", api_base="http://h/v1", api_key="sk-in-the-file")
    assert "api_key" not in result.tree["upstreams"][0]
    assert "sk-in-the-file" not in str(result)


def test_an_address_is_taken_from_the_environment_of_now() -> None:
    environ = {"BASE": "https://me.openai.azure.com"}
    result = one("azure/x", environ=environ, api_base="os.environ/BASE")
    assert result.tree["upstreams"][0]["base_url"] == "https://me.openai.azure.com/openai/v1"
    assert "BASE is not set" in one("azure/x", api_base="os.environ/BASE").lost["model_list[0].litellm_params.api_base"]


def test_prices_and_sizes_are_carried_over_exactly() -> None:
    info = {"input_cost_per_token": 1.5e-07, "output_cost_per_token": "0.0000006", "max_output_tokens": 16_384}
    result = one(info={**info, "max_input_tokens": 128_000, "cache_read_input_token_cost": 7.5e-08})
    (model,) = result.tree["models"]
    assert model["price"] == {
        "input_usd_per_million": "0.15",
        "output_usd_per_million": "0.6",
        "cached_input_usd_per_million": "0.075",
    }
    assert model["targets"][0]["capability"] == {"output_tokens_max": 16_384, "input_tokens_max": 128_000}


def test_a_timeout_and_retries_are_the_upstreams_and_the_models() -> None:
    result = one(timeout=3, max_retries=0)
    assert result.tree["upstreams"][0]["timeouts"] == {"total_s": 3, "first_byte_s": 3, "connect_s": 3}
    assert result.tree["models"][0]["retries"] == {"attempts_max": 1}


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"model": "bedrock/x"}, "litellm_params.model"),
        ({"model": "azure/x"}, "litellm_params"),
        ({"model": "x", "custom_llm_provider": "mine"}, "litellm_params.custom_llm_provider"),
        ({"model": "x", "api_base": "https://user:word@h/v1"}, "litellm_params.api_base"),
    ],
)
def test_a_deployment_that_cannot_be_reached_from_here_is_told_and_left_out(params: dict[str, Any], place: str) -> None:
    result = one(**params)
    assert result.tree["models"] == []
    assert list(result.lost) == [f"model_list[0].{place}"]


def test_what_a_deployment_says_beside_is_told() -> None:
    result = one(info={"mode": "chat", "new": 1, "input_cost_per_token": 1}, rpm=5, temperature=0.5)
    assert sorted(place.removeprefix("model_list[0]") for place in result.lost) == [
        "",
        ".litellm_params.rpm",
        ".litellm_params.temperature",
        ".model_info.mode",
        ".model_info.new",
    ]


@pytest.mark.parametrize("entry", [None, {}, {"model_name": "m"}, {"model_name": "m", "litellm_params": {"model": 1}}])
def test_an_entry_that_names_no_model_is_told(entry: Any) -> None:
    result = imported({"model_list": [entry]}, {})
    assert result.tree["models"] == []
    assert list(result.lost) == ["model_list[0]"]


def test_a_wildcard_is_told() -> None:
    result = imported({"model_list": [{"model_name": "openai/*", "litellm_params": {"model": "openai/*"}}]}, {})
    assert list(result.lost) == ["model_list[0].model_name"]
