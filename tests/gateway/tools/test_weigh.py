"""Schemas made to never end are told from those that only look long."""

from typing import Any

import pytest

from gateway.tools.weigh import DEPTH_MAX, SchemaRefused, depth_allowed

TREE = {
    "type": "object",
    "properties": {
        "left": {"$ref": "#"},
        "right": {"$ref": "#"},
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
}


def doubling(levels: int) -> dict[str, Any]:
    names = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**names, f"a{levels}": {"type": "object"}}, "$ref": "#/$defs/a0"}


def models(number: int) -> dict[str, Any]:
    names = {f"m{n}": {"type": "object", "properties": {"kind": {"const": n}}} for n in range(number)}
    one = {"anyOf": [{"$ref": f"#/$defs/m{n}"} for n in range(number)]}
    return {"$defs": names, "type": "object", "properties": {"items": {"type": "array", "items": one}}}


@pytest.mark.parametrize(
    "schema", [True, {}, {"type": "object"}, TREE, doubling(8), models(40), {"$ref": "#/$defs/a", "$defs": {"a": {}}}]
)
def test_what_grows_no_faster_than_the_arguments_may_be_as_deep_as_any_body(schema: Any) -> None:
    assert depth_allowed(schema) == DEPTH_MAX


def test_what_doubles_in_place_is_refused_once_it_is_too_much() -> None:
    with pytest.raises(SchemaRefused, match="may meet more than"):
        depth_allowed(doubling(30))


def test_what_doubles_with_each_level_bounds_the_depth() -> None:
    schema = {"properties": {"c": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
    assert 2 ** depth_allowed(schema) <= 200_000
    assert depth_allowed(schema) > 10


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "http://example.com/s"}, "outside itself"),
        ({"$ref": "other.json"}, "outside itself"),
        ({"$ref": 7}, "outside itself"),
        ({"properties": {"a": {"$dynamicRef": "x#y"}}}, "outside itself"),
        ({"$ref": "#"}, "refers to itself"),
        ({"anyOf": [{"$ref": "#/anyOf/0"}]}, "refers to itself"),
        ({"$ref": "#/$defs/no"}, "a part that it does not have"),
        ({"$ref": "#/anyOf/9", "anyOf": [{}]}, "a part that it does not have"),
        ({"$ref": "#no"}, "an anchor that it does not have"),
        ({"properties": {"a": {"$id": "http://x/y"}}}, "an `\\$id` of its own"),
    ],
)
def test_references_that_lead_out_or_nowhere_or_round_are_refused(schema: Any, words: str) -> None:
    with pytest.raises(SchemaRefused, match=words):
        depth_allowed(schema)


def test_members_that_are_named_like_keywords_are_members() -> None:
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}
    assert depth_allowed(schema) == DEPTH_MAX


def test_anchors_and_escaped_pointers_are_found() -> None:
    schema = {"$ref": "#here", "$defs": {"a/b": {"$anchor": "here", "type": "object"}}, "not": {"$ref": "#/$defs/a~1b"}}
    assert depth_allowed(schema) == DEPTH_MAX


def test_prefix_items_and_dependent_schemas_are_walked() -> None:
    schema = {"prefixItems": [{"$ref": "x"}], "dependentSchemas": {"a": {"type": "object"}}}
    with pytest.raises(SchemaRefused):
        depth_allowed(schema)
