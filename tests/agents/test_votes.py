"""Votes: every outcome is defined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.votes import Ballot, Rule, count

M = ("a", "b", "c", "d", "e")


def ballots(**choices: str) -> list[Ballot]:
    return [Ballot(member, choice) for member, choice in choices.items()]


@pytest.mark.parametrize(
    ("rule", "cast", "winner"),
    [
        ("majority", {"a": "x", "b": "x", "c": "x", "d": "y"}, "x"),
        ("majority", {"a": "x", "b": "x"}, None),
        ("majority", {}, None),
        ("quorum", {"a": "x", "b": "x"}, "x"),
        ("quorum", {"a": "x", "b": "x", "c": "y", "d": "y"}, None),
        ("quorum", {"a": "x"}, None),
        ("weighted", {"a": "x", "b": "y", "c": "y"}, "x"),
    ],
)
def test_each_rule_has_a_winner_or_none(rule: Rule, cast: dict[str, str], winner: str | None) -> None:
    assert count(ballots(**cast), M, rule, quorum=2, weights={"a": 5}).winner == winner


def test_absent_minority_and_strangers_are_told_apart_and_the_first_ballot_counts() -> None:
    cast = [*ballots(a="x", b="x", c="x", d="y", z="y"), Ballot("a", "y")]
    tally = count(cast, M, "majority")
    assert (tally.winner, tally.minority, tally.absent) == ("x", ("d",), ("e",))
    assert tally.text == "'x' 3, 'y' 1; absent: e"


@given(st.lists(st.tuples(st.sampled_from(M), st.sampled_from("xyz"))))
def test_a_majority_is_more_than_half_of_all_who_were_asked(cast: list[tuple[str, str]]) -> None:
    tally = count([Ballot(*each) for each in cast], M, "majority")
    first: dict[str, str] = {}
    for member, choice in cast:
        first.setdefault(member, choice)
    most = max((list(first.values()).count(choice) for choice in "xyz"), default=0)
    assert (tally.winner is not None) == (most >= 3)
