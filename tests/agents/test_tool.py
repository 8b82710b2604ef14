"""A tool is a plain typed function."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agents import tool
from agents.tool import RESULT_CHARS_MAX, as_tool, spelt


class Address(BaseModel):
    city: str


def ship(
    order: int, to: Address, speed: Literal["slow", "fast"] = "slow", note: Annotated[str, Field(description="N")] = ""
) -> str:
    """Ship an order.

    Not for the model.
    """
    return f"{order} {to.city} {speed} {note}"


def test_the_schema_is_the_signature_and_the_description_the_first_paragraph() -> None:
    function = tool(ship).definition()["function"]
    assert (function["name"], function["description"]) == ("ship", "Ship an order.")
    parameters = function["parameters"]
    assert parameters["required"] == ["order", "to"]
    assert parameters["additionalProperties"] is False
    assert parameters["properties"]["speed"]["enum"] == ["slow", "fast"]
    assert parameters["properties"]["note"]["description"] == "N"


def test_arguments_arrive_as_their_types() -> None:
    named = tool(ship).read('{"order": 3, "to": {"city": "Rome"}}')
    assert ship(**named) == "3 Rome slow "
    assert as_tool(tool(ship)).name == "ship"


@pytest.mark.parametrize(
    "arguments", ['{"order": "x9secret"}', "{", '{"order": 1, "to": {"city": "R"}, "more": 1}', "[]"]
)
def test_what_does_not_fit_is_said_without_the_value(arguments: str) -> None:
    with pytest.raises(ValueError, match="do not fit") as wrong:
        tool(ship).read(arguments)
    assert "secret" not in str(wrong.value)


def untyped(a):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    return a


def many(*a: int) -> None:
    del a


def test_what_cannot_be_a_tool_says_why() -> None:
    with pytest.raises(TypeError, match="needs a type"):
        tool(untyped)
    with pytest.raises(TypeError, match="named parameters"):
        tool(many)
    with pytest.raises(ValueError, match="needs a name"):
        tool(lambda: 1)
    with pytest.raises(ValueError, match="repeatable"):
        tool(ship, retries=1)


@pytest.mark.parametrize(
    ("result", "text"), [("x", "x"), ({"a": 1}, '{"a":1}'), (Address(city="R"), '{"city":"R"}'), (None, "null")]
)
def test_results_are_spelt_for_the_model(result: Any, text: str) -> None:
    assert spelt(result) == text


def test_long_results_are_cut_and_say_so() -> None:
    assert spelt("x" * (RESULT_CHARS_MAX + 5)).endswith("[cut: 5 more characters]")
