"""What a profile says of guards, resolved: whom a rule is for, and kinds before directions."""

from typing import Any

import pytest

from gateway.config.guards import GuardSettings
from gateway.papers.guarding import Guarding, by_kind, guarding, matches


def made(**given: Any) -> Guarding:
    return guarding(GuardSettings.model_validate(given))


@pytest.mark.parametrize(
    ("patterns", "name", "matched"),
    [
        (("*",), "", True),
        (("acme-*",), "acme-eu", True),
        (("acme-*",), "acme", False),
        (("acme",), "acme-eu", False),
        (("a*c",), "abc", False),  # a star stands for something at the end only
        (("globex", "acme"), "acme", True),
        ((), "acme", False),
    ],
)
def test_a_name_matches_whole_or_by_the_prefix_before_a_star(
    patterns: tuple[str, ...], name: str, *, matched: bool
) -> None:
    assert matches(patterns, name) is matched


def test_a_rule_applies_only_where_tenant_key_and_model_all_match() -> None:
    (rule,) = made(rules=[{"tenants": ["acme"], "keys": ["k1"], "models": ["gpt-*"]}]).rules
    assert rule.applies("acme", "k1", "gpt-4o")
    assert not rule.applies("globex", "k1", "gpt-4o")
    assert not rule.applies("acme", "k2", "gpt-4o")
    assert not rule.applies("acme", "k1", "claude")


def test_actions_are_turned_from_direction_first_to_kind_first_and_cannot_be_changed() -> None:
    actions: Any = by_kind(request={"email": "block"}, reply={"email": "mask", "card": "observe"})
    assert actions == {"email": {"request": "block", "reply": "mask"}, "card": {"reply": "observe"}}
    with pytest.raises(TypeError):
        actions["email"] = {}
    with pytest.raises(TypeError):
        actions["email"]["request"] = "off"


def test_a_rule_holds_only_the_actions_it_names() -> None:
    (rule,) = made(rules=[{"tool_result": {"email": "mask"}, "named": ["to", "to"], "sends": True}]).rules
    assert rule.actions == {"email": {"tool_result": "mask"}}
    assert (rule.named, rule.sends, rule.restore_arguments) == (frozenset({"to"}), True, None)


def test_topics_and_plug_ins_block_or_do_not_as_their_settings_say() -> None:
    resolved = made(
        deny=[
            {"name": "merger", "words": ["falcon"]},
            {"name": "rival", "pattern": "initech", "action": "observe", "where": ["reply"]},
        ],
        plugins=[{"factory": "a:b"}, {"factory": "a:c", "on_failure": "pass", "deadline_s": 9, "python": "/p"}],
    )
    assert [(each.name, each.blocks, each.where) for each in resolved.deny] == [
        ("merger", True, frozenset({"request", "reply"})),
        ("rival", False, frozenset({"reply"})),
    ]
    assert [(each.factory, each.blocks, each.deadline_s, each.python) for each in resolved.plugins] == [
        ("a:b", True, 2, None),
        ("a:c", False, 9, "/p"),
    ]


def test_the_switches_are_passed_on_as_they_were_set() -> None:
    switches = {
        "unscanned": "block",
        "injected": "off",
        "canary": True,
        "response_format": "ask_again",
        "payloads": "redacted",
    }
    resolved = made(**switches)
    assert {name: getattr(resolved, name) for name in switches} == switches
