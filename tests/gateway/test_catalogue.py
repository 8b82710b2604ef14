from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
import yaml

from gateway.catalogue import Catalogue
from gateway.config import load
from gateway.errors import PriceUnknown
from limits.clock import ManualClock
from limits.prices import Usage

pytestmark = pytest.mark.anyio
NOVEMBER_2026_US = 1_795_000_000_000_000


def catalogue(folder: Path, upstream: Mapping[str, object], *models: Mapping[str, object]) -> Catalogue:
    path = folder / "tollhouse.yaml"
    path.write_text(yaml.safe_dump({"upstreams": [dict(upstream)], "models": [dict(model) for model in models]}))
    return Catalogue(load(path, environ={"KEY": "secret-credential"}), ManualClock(NOVEMBER_2026_US), Random(1))


OPENAI = {"name": "openai", "kind": "openai", "api_key": "env/KEY"}


async def test_a_listed_model_costs_by_the_tier_it_was_served_at_and_is_bounded_by_the_dearest(tmp_path: Path) -> None:
    models = catalogue(tmp_path, OPENAI, {"name": "m", "targets": [{"upstream": "openai", "model": "gpt-4o"}]})
    (offer,) = models["m"].targets
    usage = Usage(1_000, 1_000)
    standard, priority = offer.price("default").cost(usage), offer.price("priority").cost(usage)
    assert standard < priority <= offer.price().bound(1_000, 1_000)
    await models.close()


async def test_a_model_without_a_price_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    models = catalogue(tmp_path, OPENAI, {"name": "m", "targets": [{"upstream": "openai", "model": "mystery-9"}]})
    (offer,) = models["m"].targets
    with pytest.raises(PriceUnknown, match=r"no price is known for openai/mystery-9; set models\[\].price"):
        offer.price()
    await models.close()


async def test_the_credential_goes_where_its_kind_wants_it_and_is_shown_nowhere(tmp_path: Path) -> None:
    azure = {"name": "az", "kind": "azure", "base_url": "https://x.example/openai/v1", "api_key": "env/KEY"}
    models = catalogue(tmp_path, azure, {"name": "m", "targets": [{"upstream": "az", "model": "dep"}]})
    (offer,) = models["m"].targets
    assert ("api-key", "secret-credential") in offer.headers
    assert "secret-credential" not in repr(offer)
    await models.close()


async def test_overrides_of_target_and_upstream_win_over_what_the_vendor_says(tmp_path: Path) -> None:
    upstream = {**OPENAI, "capability": {"output_tokens_max": 100, "tokenizer": "cl100k"}}
    target = {"upstream": "openai", "model": "gpt-4o", "capability": {"output_tokens_max": 50}}
    models = catalogue(tmp_path, upstream, {"name": "m", "targets": [target]})
    (offer,) = models["m"].targets
    assert offer.capability.output_tokens_max == 50
    assert offer.capability.output_limit_field == "max_completion_tokens"
    assert offer.family.name == "cl100k_base"
    await models.close()


async def test_targets_of_one_upstream_and_model_share_a_breaker(tmp_path: Path) -> None:
    target = {"upstream": "openai", "model": "gpt-4o"}
    models = catalogue(
        tmp_path, OPENAI, {"name": "a", "targets": [dict(target)]}, {"name": "b", "targets": [dict(target)]}
    )
    assert models["a"].targets[0].breaker is models["b"].targets[0].breaker
    assert len(models.breakers()) == 1
    await models.close()
