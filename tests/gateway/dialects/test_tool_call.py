"""The dialect of the tools' own routes: strict in, one event out."""

from typing import Any

import pytest

from gateway.dialects.tool_call import ResultPart, ToolDialect
from gateway.errors import InvalidRequest, UpstreamError

CALL, RESULT = ToolDialect("find", "call"), ToolDialect("find", "result")


@pytest.mark.parametrize(
    ("dialect", "tree"),
    [
        (CALL, []),
        (CALL, {"arguments": []}),
        (CALL, {"arguments": {}, "api_base": "x"}),
        (RESULT, {"result": 1}),
        (RESULT, {"tool_call_id": "a"}),
        (RESULT, {"tool_call_id": "", "result": 1}),
        (RESULT, {"tool_call_id": "a", "result": 1, "is_error": "no"}),
    ],
)
def test_what_is_no_tool_call_is_refused(dialect: ToolDialect, tree: Any) -> None:
    with pytest.raises(InvalidRequest):
        dialect.parse(tree)


def test_a_call_is_its_tool_and_its_arguments() -> None:
    request = CALL.parse({"arguments": {"q": 1}})
    assert request.executes is not None
    assert (request.model, request.executes.name, request.executes.arguments) == ("find", "find", '{"q":1}')
    assert not CALL.parse({}).tree["arguments"]
    assert CALL.members(request, model="m", limit_field="x", output_tokens=1) is request
    assert CALL.headers({"authorization": "x"}, ()) == []


def test_a_result_is_one_part_whatever_it_is() -> None:
    tree: dict[str, Any] = {"result": {"a": "x"}}
    part = ResultPart(tree)
    assert part.text == '{"a":"x"}'
    part.text = '{"a":"y"}'
    assert tree == {"result": {"a": "y"}}
    text = ResultPart({"result": "plain"})
    text.text = '{"still": "text"}'
    assert text.holder["result"] == '{"still": "text"}'


def test_a_reply_is_read_again_as_it_was_written() -> None:
    request = CALL.parse({})
    (event,) = CALL.answer(request, "stored", reply_id="r", created_s=0)
    written = CALL.write_plain(event)
    again = CALL.reader(request).plain(written)
    CALL.renew(again, "new")
    assert again.tree == {**(event.tree or {}), "id": "call_new"}
    assert again.finish == "stop"
    assert CALL.reader(request).feed([b"x"]) == []
    with pytest.raises(UpstreamError):
        CALL.reader(request).plain(b"[]")
