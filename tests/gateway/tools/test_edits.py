"""Edited arguments: a merge patch over what was proposed, in whatever pieces it came."""

import json
from typing import Any

import pytest

from gateway.call import Event, Part
from gateway.tools.edits import edit_calls, edited


@pytest.mark.parametrize(
    ("arguments", "patches", "result"),
    [
        ('{"a":1,"b":2}', [{"a": 5}], {"a": 5, "b": 2}),
        ('{"a":1,"b":2}', [{"a": None}], {"b": 2}),
        ('{"a":{"x":1,"y":2}}', [{"a": {"x": None, "z": 3}}], {"a": {"y": 2, "z": 3}}),
        ('{"a":1}', [{"a": {"b": 1}}, {"a": {"c": [2]}}], {"a": {"b": 1, "c": [2]}}),
        ("", [{"a": 1}], {"a": 1}),
    ],
)
def test_patches_are_laid_over_each_other(arguments: str, patches: list[dict[str, Any]], result: Any) -> None:
    assert json.loads(edited(arguments, patches)) == result


def test_the_first_piece_carries_all_the_others_nothing_and_a_repetition_all_again() -> None:
    trees: list[dict[str, Any]] = [{"t": '{"a"'}, {"t": ":1}"}, {"t": '{"a":1}'}, {"t": '{"a":9}'}]
    parts = [Part("arguments", 0, lane, tree, "t") for lane, tree in zip("xxxy", trees, strict=True)]
    parts[0].call_id, parts[2].repeats, parts[3].call_id = "c1", True, "c2"
    edit_calls([Event(None, [part]) for part in parts], {"c1": [{"b": 2}]})
    assert [tree["t"] for tree in trees] == ['{"a":1,"b":2}', "", '{"a":1,"b":2}', '{"a":9}']
