"""Schemas of tools: checked as the client will read the arguments, compiled once, bounded, never quoted."""

import time
from typing import Any

import pytest

from gateway.call import ToolDefinition
from gateway.errors import InvalidRequest
from gateway.tools.schema import ARGUMENT_BYTES_MAX, TOOLS_MAX, Schema, Schemas, Unfit
from gateway.tools.weigh import SchemaRefused

pytestmark = pytest.mark.anyio

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "unfit"),
    [
        ('{"city":"Berlin"}', None),
        ('{"city": 7}', Unfit("type", "/city")),
        ("{}", Unfit("required", "")),
        ("", Unfit("required", "")),
        ('{"city":"a","town":1}', Unfit("additionalProperties", "")),
        ('{"city":"a","city":"b"}', Unfit("json")),
        ('{"city":"a"', Unfit("json")),
        ('"city"', Unfit("object")),
        ('{"city":"\\ud800"}', Unfit("json")),
        ("[" * 100_000, Unfit("json")),
        ('{"city":"' + "x" * ARGUMENT_BYTES_MAX + '"}', Unfit("size")),
    ],
)
def test_arguments_fit_or_the_rule_and_the_place_are_told(arguments: str, unfit: Unfit | None) -> None:
    read = Schema(CITY).read(arguments)
    assert read == (unfit or {"city": "Berlin"})


def test_a_tool_without_a_schema_takes_any_object_and_a_free_one_any_text() -> None:
    assert Schema(None).read("") == {}
    assert Schema(None).read('{"a":1}') == {"a": 1}
    assert Schema(None).read("[]") == Unfit("object")
    assert Schema(None, free=True).read("not json") is None


def test_a_place_with_unprintable_names_is_left_out() -> None:
    schema = Schema({"additionalProperties": {"type": "string"}})
    assert schema.read('{"a\\n":1}') == Unfit("type", "")


@pytest.mark.parametrize("schema", [7, [], {"type": "objekt"}, {"pattern": "("}, {"$ref": "http://127.0.0.1:9/"}])
def test_what_is_no_schema_is_refused_without_a_quote(schema: Any) -> None:
    with pytest.raises(SchemaRefused) as refused:
        Schema(schema)
    assert "objekt" not in str(refused.value)
    assert "127" not in str(refused.value)


def test_an_expression_that_backtracks_without_end_ends() -> None:
    schema = Schema({"properties": {"a": {"pattern": "^(a|a)+(?=b)$"}}})
    began = time.perf_counter()
    assert isinstance(schema.read('{"a":"' + "a" * 5_000 + '!"}'), Unfit)
    assert time.perf_counter() - began < 1


async def test_a_toolset_is_compiled_once_and_its_schemas_are_shared() -> None:
    schemas = Schemas()
    first = await schemas.of([ToolDefinition("a", CITY)])
    assert await schemas.of([ToolDefinition("a", dict(CITY))]) is first
    both = await schemas.of([ToolDefinition("a", CITY), ToolDefinition("b", CITY)])
    assert both["a"] is both["b"] is first["a"]
    assert await schemas.of([ToolDefinition("a", None, free=True)]) is not first


async def test_a_large_schema_is_compiled_in_a_thread_and_serves_as_any() -> None:
    large = {"type": "object", "properties": {f"p{n}": {"enum": ["a", "b", "c"]} for n in range(900)}}
    toolset = await Schemas().of([ToolDefinition("a", large)])
    assert toolset["a"].read('{"p1":"z"}') == Unfit("enum", "/p1")


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([ToolDefinition("a", CITY), ToolDefinition("a", None)], "tools[1]"),
        ([ToolDefinition(str(n), None) for n in range(TOOLS_MAX + 1)], "tools"),
        ([ToolDefinition("a", None), ToolDefinition("b", {"x": "y" * 300_000})], "tools[1].parameters"),
        ([ToolDefinition("a", {"$ref": "#"})], "tools[0].parameters"),
    ],
)
async def test_a_toolset_that_is_not_taken_is_refused_by_its_place(tools: list[ToolDefinition], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await Schemas().of(tools)
    assert refused.value.param == param
