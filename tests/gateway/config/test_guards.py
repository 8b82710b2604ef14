"""Settings of guards: kinds left out take their direction's default, and what cannot be done is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.guards import KINDS, DenySettings, GuardRule, GuardSettings, PluginSettings
from gateway.guards import policy


def test_the_kinds_are_those_that_the_guards_know() -> None:
    assert KINDS == policy.KINDS


def test_a_kind_that_is_left_out_takes_its_directions_default() -> None:
    guards = GuardSettings.model_validate({"request": {"email": "block"}})
    assert guards.request["email"] == "block"
    assert guards.request["phone"] == "tokenize"
    assert guards.request["secret"] == guards.reply["secret"] == "mask"
    assert guards.reply["email"] == guards.tool_arguments["secret"] == "observe"


def test_a_direction_that_is_not_named_at_all_still_has_an_action_for_every_kind() -> None:
    guards = GuardSettings()
    for actions in (guards.request, guards.tool_result, guards.reply, guards.tool_arguments):
        assert actions.keys() == set(KINDS)
    assert guards.tool_result["email"] == "tokenize"


def test_a_rule_leaves_kinds_out_for_it_lies_over_the_table() -> None:
    rule = GuardRule.model_validate({"request": {"email": "block"}})
    assert rule.request == {"email": "block"}
    assert rule.reply == {}
    assert (rule.tenants, rule.keys, rule.models, rule.tools) == (("*",), ("*",), ("*",), ())


@pytest.mark.parametrize("wrong", [{"request": {"mail": "block"}}, {"reply": {"email": "tokenize"}}, {"request": 7}])
@pytest.mark.parametrize("settings", [GuardSettings, GuardRule])
def test_a_kind_or_action_that_does_not_exist_there_is_refused(
    settings: type[GuardSettings | GuardRule], wrong: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        settings.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"words": []},
        {"pattern": "a", "words": ["b"]},
        {"pattern": ""},
        {"pattern": "(unclosed"},
        {"pattern": "(?=a)b"},  # RE2 looks neither ahead nor behind, so no pattern can be slow
        {"words": [""]},
        {"words": ["a"], "where": ["tool_result"]},
    ],
)
def test_a_denied_topic_has_words_or_an_re2_pattern_and_not_both(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DenySettings.model_validate({"name": "topic", **wrong})


def test_a_denied_topic_blocks_both_ways_unless_it_says_otherwise() -> None:
    topic = DenySettings.model_validate({"name": "topic", "words": ["project falcon"]})
    assert (topic.action, topic.where) == ("block", ("request", "reply"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"factory": "no_factory"},
        {"factory": "a:b:c"},
        {"factory": "os:system('x')"},
        {"factory": "a:b", "deadline_s": 0},
        {"factory": "a:b", "deadline_s": 61},
        {"factory": "a:b", "python": ""},
    ],
)
def test_a_plug_in_names_a_factory_and_a_deadline_of_at_most_a_minute(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PluginSettings.model_validate(wrong)


def test_without_a_plug_ins_word_nothing_leaves_unless_the_settings_say_so() -> None:
    assert PluginSettings(factory="gateway.detectors.presidio:detector").on_failure == "block"


@pytest.mark.parametrize("host", ["https://a.example", "A.example", "a.example/path", "*.example", ""])
def test_a_host_whose_links_may_carry_values_is_a_bare_name(host: str) -> None:
    with pytest.raises(ValidationError):
        GuardSettings.model_validate({"allow_restore_hosts": [host]})


def test_nothing_is_kept_of_requests_unless_it_is_asked_for() -> None:
    assert GuardSettings().payloads == "off"
