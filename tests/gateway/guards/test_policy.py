"""A policy is a look-up, strict about its words."""

from __future__ import annotations

import pytest

from gateway.guards import Policy
from gateway.guards.policy import KINDS
from gateway.guards.vault import LABELS


def test_what_is_not_named_is_tokenized_on_the_way_out_and_observed_on_the_way_back() -> None:
    policy = Policy()
    assert policy.actions["request"]["email"] == "tokenize"
    assert policy.actions["reply"]["email"] == "observe"
    assert policy.actions["reply"]["secret"] == "mask"


def test_what_would_be_remembered_is_tokenized_and_a_secret_masked() -> None:
    assert Policy().actions["memory"]["email"] == "tokenize"
    assert Policy().actions["memory"]["secret"] == "mask"


def test_every_kind_has_a_placeholder_of_its_own_name() -> None:
    assert tuple(LABELS) == KINDS
    assert len(set(LABELS.values())) == len(KINDS)


def test_a_kind_that_is_off_is_not_looked_for() -> None:
    assert "ip" not in Policy({"ip": {"request": "off"}}).actions["request"]


def test_tokenize_in_a_reply_means_mask() -> None:
    assert Policy({"email": {"reply": "tokenize"}}).actions["reply"]["email"] == "mask"


@pytest.mark.parametrize(
    "rules", [{"emial": {"request": "mask"}}, {"email": {"requests": "mask"}}, {"email": {"request": "hide"}}]
)
def test_unknown_words_are_refused(rules: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        Policy(rules)  # type: ignore[arg-type]


def test_only_a_policy_that_alters_something_changes_a_direction() -> None:
    assert Policy().changes("request")
    assert not Policy({"secret": {"reply": "observe"}}).changes("reply")
