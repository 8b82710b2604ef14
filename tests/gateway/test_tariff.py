"""Prices in force: their source, and what an override changes of the package's."""

import json
from pathlib import Path

from gateway.config import Config, load
from gateway.tariff import Tariffs, rates_told, usd, uses_told
from limits.clock import ManualClock
from limits.prices import NOTHING

UP = [{"name": "up", "kind": "openai", "api_key": None}]


def config(folder: Path, *models: dict[str, object]) -> Config:
    path = folder / "tollhouse.yaml"
    path.write_text(json.dumps({"upstreams": UP, "models": list(models)}))
    return load(path)


def model(name: str, listed: str, **members: object) -> dict[str, object]:
    return {"name": name, "targets": [{"upstream": "up", "model": listed}], **members}


def test_each_model_is_told_with_its_source_and_an_override_with_what_it_changes(tmp_path: Path) -> None:
    price = {"input_usd_per_million": "0.15", "output_usd_per_million": "0.5", "cached_input_usd_per_million": "0.075"}
    tiers = {"service_tiers": {"flex": {"input_usd_per_million": "0.1", "output_usd_per_million": "0.2"}}}
    tariffs = Tariffs(
        config(
            tmp_path,
            model("plain", "gpt-4o-mini"),
            model("ours", "gpt-4o-mini", price=price | tiers),
            model("own", "house-model", price=price),
            model("gone", "house-model"),
        ),
        ManualClock(),
    )
    plain, ours, own, gone = tariffs.all()
    assert plain.price is not None
    assert (plain.price.source, plain.overridden, plain.differences()) == ("genai-prices", False, [])
    assert ours.listed == plain.price
    assert {rate for rate, _, _ in ours.differences()} == {"output", "reasoning", "output_audio", "output_image"}
    assert ours.differences()[0] == ("output", "0.60", "0.50")
    assert rates_told(ours.service_tiers["flex"].tiers[0])["input"] == "0.10"
    assert (own.listed, own.differences(), own.target) == (None, [], "up/house-model")
    assert (gone.price, gone.differences()) == (None, [])
    assert tariffs.of("ours") == [ours]
    assert tariffs.of("nobody") == []


def test_rates_are_told_to_the_last_digit() -> None:
    assert (usd(1), usd(2_500_000), usd(0)) == ("0.000001", "2.50", "0.00")
    assert set(rates_told(NOTHING).values()) == {"0.00"}


def test_uses_of_tools_at_the_provider_are_told_from_the_package_and_the_configuration(tmp_path: Path) -> None:
    price = {"input_usd_per_million": "1", "output_usd_per_million": "2"}
    uses = {"usd_per_thousand_uses": {"web_fetch": "0", "file_search": "3.5"}}
    listed, own = Tariffs(
        config(tmp_path, model("a", "gpt-4.1", **uses), model("b", "house-model", price=price, **uses)), ManualClock()
    ).all()
    assert listed.price is not None
    assert uses_told(listed.price) == {"web_search": "10.00", "file_search": "3.50", "web_fetch": "0.00"}
    assert own.price is not None
    assert uses_told(own.price) == {"web_fetch": "0.00", "file_search": "3.50"}
