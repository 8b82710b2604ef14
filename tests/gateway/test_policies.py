"""Which policy a text comes under: the table of kinds, then the rules that match, the later over the earlier."""

from typing import Any

from gateway.config.profiles import ProfileSettings
from gateway.guards.arguments import DESTINATIONS
from gateway.papers import Profile, resolve
from gateway.policies import Policies, ToolPolicy


def profile(**guards: Any) -> Profile:
    return resolve(ProfileSettings.model_validate({"name": "default", "guards": guards}))


def email(of: Profile, tenant: str = "acme", key: str = "k1", model: str = "m") -> str:
    return Policies().of(of, tenant, key, model).actions["request"]["email"]


def tool_policy(of: Profile, tool: str, tenant: str = "acme") -> ToolPolicy:
    return Policies().of_tool(of, tenant, "k1", "m", tool=tool)


def test_without_rules_the_table_of_the_profile_stands_for_everybody() -> None:
    plain = profile(request={"email": "mask"})
    policies = Policies()
    assert policies.of(plain, "acme", "k1", "m").actions["request"]["email"] == "mask"
    assert policies.of(plain, "acme", "k1", "m") is policies.of(plain, "globex", "k2", "n")


def test_a_rule_counts_for_whom_it_names_and_changes_only_the_kinds_it_names() -> None:
    ruled = profile(request={"card": "mask"}, rules=[{"tenants": ["acme"], "request": {"email": "block"}}])
    assert (email(ruled), email(ruled, tenant="globex")) == ("block", "tokenize")
    assert Policies().of(ruled, "acme", "k1", "m").actions["request"]["card"] == "mask"


def test_of_several_rules_that_match_the_later_wins() -> None:
    ruled = profile(
        rules=[
            {"tenants": ["acme"], "request": {"email": "block"}},
            {"models": ["m"], "request": {"email": "observe"}},
        ]
    )
    assert email(ruled) == "observe"
    assert email(ruled, model="n") == "block"


def test_the_policy_that_was_made_for_one_is_not_anothers() -> None:
    ruled = profile(rules=[{"keys": ["k1"], "request": {"email": "block"}}])
    policies = Policies()
    for _again in range(2):
        found = [policies.of(ruled, "acme", key, "m").actions["request"]["email"] for key in ("k1", "k2")]
        assert found == ["block", "tokenize"]


def test_a_changed_profile_of_the_same_name_gets_a_policy_of_its_own() -> None:
    policies = Policies()
    for action in ("mask", "block"):
        changed = profile(request={"email": action})
        assert policies.of(changed, "acme", "k1", "m").actions["request"]["email"] == action
        of_tool = policies.of_tool(changed, "acme", "k1", "m", tool="read").kinds
        assert of_tool.actions["request"]["email"] == action


def test_a_rule_for_a_tool_counts_for_its_texts_alone() -> None:
    ruled = profile(rules=[{"tools": ["read_*"], "request": {"email": "block"}, "tool_result": {"email": "block"}}])
    assert email(ruled) == "tokenize"
    assert tool_policy(ruled, "read_mail").kinds.actions["tool_result"]["email"] == "block"
    assert tool_policy(ruled, "send_mail").kinds.actions["tool_result"]["email"] == "tokenize"


def test_a_rule_without_tools_counts_for_the_texts_of_tools_too() -> None:
    ruled = profile(rules=[{"tenants": ["acme"], "tool_result": {"email": "block"}}])
    assert tool_policy(ruled, "any").kinds.actions["tool_result"]["email"] == "block"
    assert tool_policy(ruled, "any", tenant="globex").kinds.actions["tool_result"]["email"] == "tokenize"


def test_destinations_stay_closed_for_tools_that_send_and_for_no_others() -> None:
    ruled = profile(rules=[{"tools": ["send_*"], "sends": True}])
    assert tool_policy(ruled, "send_mail").destinations == DESTINATIONS
    assert tool_policy(ruled, "read_mail").destinations == frozenset()


def test_a_rule_without_tools_says_nothing_of_how_arguments_are_restored() -> None:
    ruled = tool_policy(profile(rules=[{"sends": True, "named": ["to"], "restore_arguments": "none"}]), "any")
    assert (ruled.restore, ruled.named, ruled.destinations) == ("all", frozenset(), frozenset())


def test_the_policy_that_was_made_for_one_tool_is_not_anothers() -> None:
    ruled = profile(rules=[{"tools": ["send_*"], "sends": True}])
    policies = Policies()
    for tool, closed in (("send_mail", True), ("read_mail", False), ("send_mail", True)):
        assert bool(policies.of_tool(ruled, "acme", "k1", "m", tool=tool).destinations) is closed


def test_how_arguments_are_restored_is_the_last_rules_word_else_the_profiles_and_named_fields_add_up() -> None:
    ruled = profile(
        restore_arguments="none",
        rules=[
            {"tools": ["send_*"], "restore_arguments": "all", "named": ["to"]},
            {"tools": ["send_mail"], "restore_arguments": "named", "named": ["cc"]},
            {"tools": ["*"]},
        ],
    )
    mail, sms, other = (tool_policy(ruled, tool) for tool in ("send_mail", "send_sms", "read"))
    assert (mail.restore, mail.named) == ("named", frozenset({"to", "cc"}))
    assert (sms.restore, sms.named) == ("all", frozenset({"to"}))
    assert (other.restore, other.named) == ("none", frozenset())
