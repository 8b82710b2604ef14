"""What is kept is asked for by its own address, and every string of it that may be somebody's is a text."""

import orjson
import pytest

from gateway.dialects.openai_objects import ObjectDialect
from gateway.errors import InvalidRequest, UpstreamError


def test_the_address_has_ids_and_query_quoted() -> None:
    dialect = ObjectDialect("GET", "/conversations/{id}/items/{item}", ("a b", "c?d"), "include[]=x&limit=2")
    assert dialect.address == "/conversations/a%20b/items/c%3Fd"
    assert dialect.asked == "include%5B%5D=x&limit=2"
    assert ObjectDialect("POST", "/conversations", (), "").address == "/conversations"


@pytest.mark.parametrize("tree", [[], {"items": [{"role": "nobody"}]}, {"items": [5]}, {"items": 5}])
def test_a_body_that_is_none_is_refused(tree: object) -> None:
    with pytest.raises(InvalidRequest):
        ObjectDialect("POST", "/conversations", (), "").parse(tree)


@pytest.mark.parametrize("tree", [[], {"object": 5}, {"type": "function_call", "call_id": "c", "arguments": "{}"}])
def test_a_reply_that_is_none_or_was_never_released_is_the_upstreams_fault(tree: object) -> None:
    dialect = ObjectDialect("GET", "/responses/{id}", ("r",), "")
    with pytest.raises(UpstreamError):
        dialect.reader(dialect.parse({})).plain(orjson.dumps(tree))


def test_no_stream_comes_from_here() -> None:
    dialect = ObjectDialect("GET", "/responses/{id}", ("r",), "")
    with pytest.raises(UpstreamError):
        dialect.reader(dialect.parse({})).feed([b"{}"])


def test_words_are_texts_names_are_not_and_arguments_are_arguments() -> None:
    dialect = ObjectDialect("GET", "/responses/{id}/input_items", ("r",), "")
    dialect.released = {"c": "call_c"}.get
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    parts = [{"type": "input_text", "text": "words"}, "a string in a list"]
    parts += [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]
    message = {"id": "m", "type": "message", "role": "user", "content": parts, "n": 5}
    output = {"type": "function_call_output", "call_id": "c", "output": ["here"]}
    thought = {"type": "reasoning", "encrypted_content": "4111 1111 1111 1111"}
    data = [message, call, {**call, "call_id": "other"}, "odd", output, thought, {**output, "call_id": "x"}]
    listed = {"object": "list", "data": data, "first_id": "m"}
    event = dialect.reader(dialect.parse({})).plain(orjson.dumps(listed))
    assert [(part.kind, part.text) for part in event.parts] == [
        ("text", "words"),
        ("text", "a string in a list"),
        ("arguments", "{}"),
        ("text", "odd"),
        ("text", "here"),
        ("text", "here"),
    ]
    event.parts[1].text = "another"
    assert event.tree is not None
    shown = event.tree["data"]
    assert shown[0]["content"][1] == "another"
    assert [item["call_id"] for item in shown if "call_id" in item] == ["call_c", "call_c", "x"]
