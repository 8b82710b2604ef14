"""Prices over the admin API."""

import json
from pathlib import Path

import pytest

from tests.gateway.operator import administrating, opened, write_config

pytestmark = pytest.mark.anyio
PRICE = {"input_usd_per_million": "1", "output_usd_per_million": "2"}


def models(*named: tuple[str, str, bool]) -> str:
    """Return a configuration of models: name, what the provider calls it, whether its price is ours."""
    return json.dumps(
        {
            "upstreams": [{"name": "up", "kind": "openai"}],
            "models": [
                {"name": name, "targets": [{"upstream": "up", "model": listed}]}
                | ({"price": PRICE | {"long_context": [PRICE | {"over_input_tokens": 9}]}} if ours else {})
                for name, listed, ours in named
            ],
        }
    )


async def test_prices_are_told_with_tiers_source_and_differences(tmp_path: Path) -> None:
    named = (("a/b", "gpt-4o-mini", True), ("plain", "gpt-4o-mini", False), ("gone", "nobody-lists-this", False))
    with opened(write_config(tmp_path, models(*named))) as operator:
        async with administrating(operator) as client:
            ours, plain, gone = (await client.get("/admin/prices")).json()["prices"]
            assert [tier["over_input_tokens"] for tier in ours["tiers"]] == [0, 9]
            assert {"rate": "input", "package": "0.15", "override": "1.00"} in ours["differences"]
            assert (plain["source"], plain["version"], plain["package_version"]) == (
                *("genai-prices", plain["package_version"]),
                ours["package_version"],
            )
            assert (gone["tiers"], gone["source"], gone["package_version"]) == ([], "", None)
            assert (await client.get("/admin/prices/a%2Fb")).json()["prices"] == [ours]
            assert (await client.get("/admin/prices/nobody")).status_code == 404
