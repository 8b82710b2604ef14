"""Declared tenants: a cap has one dimension, a key has a hash, and nobody is called like the house."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.tenants import CapSettings, TenantSettings


@pytest.mark.parametrize(
    "cap",
    [
        {"per": "day"},
        {"usd": "1", "tokens": 1, "per": "day"},
        {"usd": "1", "per": "year"},
        {"output_tokens": 5},
        {"concurrency": 5, "per": "day"},
        {"concurrency": 5, "soft": True},
        {"usd": "1", "per": "call", "soft": True},
    ],
)
def test_a_cap_names_one_dimension_and_a_window_that_exists(cap: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CapSettings.model_validate(cap)


def test_no_tenant_is_called_like_the_house() -> None:
    with pytest.raises(ValidationError, match="reserved"):
        TenantSettings.model_validate({"name": "house"})


@pytest.mark.parametrize("name", ["", "Acme", "a b", "../x", "a" * 64, "tenant:a", "ä"])
def test_a_tenants_name_is_a_plain_word(name: str) -> None:
    with pytest.raises(ValidationError):
        TenantSettings.model_validate({"name": name})


def test_a_key_is_declared_by_the_hex_of_its_hash() -> None:
    with pytest.raises(ValidationError, match="sha256"):
        TenantSettings.model_validate({"name": "a", "keys": [{"name": "k", "sha256": "sk-th-not-a-hash"}]})
