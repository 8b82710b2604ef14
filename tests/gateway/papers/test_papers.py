"""Papers: what a key opens depends on its tenant, its time and its models."""

from dataclasses import replace

from gateway.config.profiles import ProfileSettings
from gateway.papers import HOUSE, Key, Run, Tenant, resolve
from limits.runs import RunLimits

PROFILE = resolve(
    ProfileSettings.model_validate({"name": "p", "models": ["small", "gpt-*"], "tools": {"allow": ["a"]}})
)
KEY = Key("k", "k", Tenant("acme", "Acme"), PROFILE)


def test_a_key_is_usable_until_it_expires_or_is_revoked_or_its_tenant_is_disabled() -> None:
    assert KEY.usable(0)
    assert replace(KEY, expires_us=10).usable(9)
    assert not replace(KEY, expires_us=10).usable(10)
    assert not replace(KEY, revoked=True).usable(0)
    assert not replace(KEY, tenant=replace(KEY.tenant, disabled=True)).usable(0)


def test_a_key_narrows_the_models_of_its_profile_and_never_widens_them() -> None:
    assert KEY.allows_model("small")
    assert KEY.allows_model("gpt-4o")
    assert not KEY.allows_model("other")
    narrow = replace(KEY, models=frozenset({"small", "other"}))
    assert narrow.allows_model("small")
    assert not narrow.allows_model("gpt-4o")
    assert not narrow.allows_model("other")


def test_scopes_are_the_names_that_the_ledger_uses() -> None:
    run = Run("r", "acme", "k", None, ("r",), RunLimits(), 0, 1, "open", PROFILE)
    assert (KEY.tenant.scope, KEY.scope, run.scope, HOUSE.scope) == ("tenant:acme", "key:k", "run:r", "tenant:house")
