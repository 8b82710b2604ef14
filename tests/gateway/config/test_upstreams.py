"""Upstreams: their addresses are whole, private ones are named, and no credential travels in the clear by accident."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.upstreams import ModelSettings, UpstreamSettings


def upstream(**given: Any) -> UpstreamSettings:
    return UpstreamSettings.model_validate({"name": "u", "kind": "openai_compatible", **given})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "base_url is needed"),
        ({"base_url": "ftp://x"}, "must start with http"),
        ({"base_url": "https://"}, "name a host"),
        ({"base_url": "https://user:pass@x/v1"}, "no user, password"),
        ({"base_url": "https://x/v1?key=1"}, "no user, password"),
        ({"base_url": "http://x/v1"}, "private_addresses"),
        ({"base_url": "https://x", "timeouts": {"connect_s": 9, "total_s": 8}}, "longer than"),
        ({"base_url": "https://x", "timeouts": {"connect_s": 0}}, "greater than 0"),
        ({"base_url": "https://x", "connections_max": "512"}, "integer"),
    ],
)
def test_an_address_or_bound_that_cannot_be_meant_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        upstream(**given)


def test_known_providers_need_no_address() -> None:
    assert upstream(kind="openai").base_url.startswith("https://")
    assert upstream(kind="anthropic").base_url.startswith("https://")
    assert upstream(base_url="http://127.0.0.1:8000/v1", private_addresses=True).private_addresses


def test_a_model_has_a_target() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        ModelSettings.model_validate({"name": "m", "targets": []})
