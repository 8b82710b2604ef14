"""Replies as patterns see them."""

import pytest
from pydantic import BaseModel

from agents.reply import REFUSAL, parse, read


class Size(BaseModel):
    width: int


def reply(text: str | None, **more: object) -> dict[str, object]:
    return {"message": {"content": text, **more}, "finish": "stop"}


def test_calls_and_text_are_read() -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    got = read("k", reply(None, tool_calls=[call]))
    assert (got.text, got.calls[0].name, got.refusal, got.stop) == ("", "f", "", None)


@pytest.mark.parametrize(
    ("said", "stop"),
    [
        ("f was called 4 times without progress (identical); call 5 is refused", "loop"),
        ("run x may use 1 tool_calls: 1 are used", "tool_calls"),
        ("the request offers no tool of the name f", None),
    ],
)
def test_a_refused_tool_call_is_known_by_its_text(said: str, stop: str | None) -> None:
    got = read("k", reply(f"I try.\n\n{REFUSAL}{said}"))
    assert (got.refusal, got.stop) == (said, stop)


def test_json_is_read_also_from_a_fenced_block_and_errors_quote_no_value() -> None:
    assert parse('{"width": 3}', Size)[0] == Size(width=3)
    assert parse('```json\n{"width": 3}\n```', Size)[0] == Size(width=3)
    nothing, wrong = parse('{"width": "secret"}', Size)
    assert nothing is None
    assert "width" in wrong
    assert "secret" not in wrong
