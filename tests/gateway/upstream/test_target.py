import pytest

from gateway.upstream.target import CAPABILITIES, Target, capability_of


def test_a_target_never_shows_its_secret() -> None:
    target = Target("main", "https://api.example/v1", "m", credential="one", secret="sk-very-secret")
    assert "very-secret" not in repr(target)
    assert ("authorization", "Bearer sk-very-secret") in target.request_headers()


def test_the_url_joins_base_and_dialect_once() -> None:
    assert Target("a", "https://a.example/v1/", "m").url_of("anthropic_messages") == "https://a.example/v1/messages"


def test_azures_deployments_have_addresses_of_their_own_where_there_is_a_version() -> None:
    dated = Target("azure", "https://a.example/openai/", "my dep", api_version="2024-10-21")
    version = "?api-version=2024-10-21"
    assert dated.url_of("openai_chat") == f"https://a.example/openai/deployments/my%20dep/chat/completions{version}"
    assert dated.url_of("openai_embeddings") == f"https://a.example/openai/deployments/my%20dep/embeddings{version}"
    assert dated.url_of("openai_responses") == f"https://a.example/openai/responses{version}"
    assert dated.address("/responses/r", "limit=2") == f"https://a.example/openai/responses/r{version}&limit=2"
    plain = Target("azure", "https://a.example/openai/v1", "dep")
    assert plain.url_of("openai_chat") == "https://a.example/openai/v1/chat/completions"


def test_other_vendors_take_their_key_in_their_own_header_and_none_goes_out_without_a_secret() -> None:
    target = Target("azure", "https://a.example", "m", secret="s", credential_header="api-key")
    assert ("api-key", "s") in target.request_headers()
    assert target.request_headers() is not target.request_headers()
    assert Target("local", "http://a.example", "m").request_headers() == [("content-type", "application/json")]


def test_targets_fail_together_by_upstream_model_and_credential() -> None:
    one = Target("a", "https://a.example", "m", credential="x", secret="1")
    assert one.breaker_key == Target("a", "https://other.example", "m", credential="x").breaker_key
    assert one.breaker_key != Target("a", "https://a.example", "m", credential="y").breaker_key


@pytest.mark.parametrize(
    ("provider", "model", "field", "reasoning"),
    [
        ("openai", "gpt-4o-mini", "max_completion_tokens", False),
        ("openai", "o4-mini", "max_completion_tokens", True),
        ("azure_openai", "GPT-5-mini", "max_completion_tokens", True),
        ("openai_responses", "gpt-4o", "max_output_tokens", False),
        ("openai_compatible", "qwen/o3-look-alike", "max_tokens", False),
        ("anthropic", "claude-sonnet", "max_tokens", False),
        ("never heard of", "x", "max_tokens", False),
    ],
)
def test_each_provider_is_asked_in_its_own_field(provider: str, model: str, field: str, reasoning: bool) -> None:
    capability = capability_of(provider, model)
    assert (capability.output_limit_field, capability.reasoning) == (field, reasoning)


def test_an_unknown_provider_is_trusted_with_no_id() -> None:
    assert capability_of("never heard of", "x").ids == "weak"
    assert CAPABILITIES["openai"].ids == "strong"
