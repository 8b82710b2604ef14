"""Profiles, resolved: integers and plain tuples, one version a policy."""

from typing import Any

from gateway.config.profiles import ProfileSettings
from gateway.config.tenants import CapSettings
from gateway.guards.policy import Policy
from gateway.papers import Profile, caps_of, resolve
from limits.accounts import Cap


def profile(**given: Any) -> Profile:
    return resolve(ProfileSettings.model_validate({"name": "p", **given}))


def test_limits_are_integers_and_unlimited_is_none() -> None:
    made = profile(
        call={"usd": "0.10", "output_tokens_max": 7}, run={"usd": "unlimited", "steps": 0}, unbounded_usd="2"
    )
    assert (made.call_nano_usd, made.output_tokens_max, made.unbounded_nano_usd) == (100_000_000, 7, 2_000_000_000)
    assert (made.run.nano_usd, made.run.steps, made.run.tokens) == (None, 0, 50_000)
    assert made.requests_per_minute is None


def test_the_version_changes_with_anything_that_is_said_and_with_nothing_else() -> None:
    assert profile().version == profile().version
    changes: list[dict[str, Any]] = [
        {"run": {"steps": 9}},
        {"guards": {"request": {"email": "block"}}},
        {"tools": {"allow": []}},
    ]
    versions = {profile().version, *(profile(**change).version for change in changes)}
    assert len(versions) == 4


def test_tools_are_allowed_by_name_or_prefix() -> None:
    made = profile(tools={"allow": ["search", "mail_*"]})
    assert made.allows_tool("search")
    assert made.allows_tool("mail_send")
    assert not made.allows_tool("searching")
    assert not profile(tools={"allow": []}).allows_tool("search")


def test_the_guards_are_what_a_policy_takes() -> None:
    rules: Any = profile(guards={"request": {"email": "block"}}).guards
    actions = Policy(rules).actions
    assert actions["request"]["email"] == "block"
    assert actions["reply"]["secret"] == "mask"


def test_caps_are_the_ledgers() -> None:
    caps = caps_of(
        [
            CapSettings.model_validate({"usd": "0.5", "per": "day"}),
            CapSettings.model_validate({"tokens": 9, "per": "total", "soft": True}),
        ]
    )
    assert caps == (Cap("nano_usd", 500_000_000, "day"), Cap("tokens", 9, "total", hard=False))
