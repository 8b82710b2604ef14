"""Reading a body: what is wrong is named by its place, what is unknown is seen and counted."""

import pytest

from gateway.dialects import body
from gateway.dialects.body import Collected
from gateway.errors import InvalidRequest, UnboundedCost


def test_a_member_that_is_wrong_is_named_by_its_place() -> None:
    reader = Collected()
    with pytest.raises(InvalidRequest) as caught:
        reader.text(("messages", 3, "content", 0), {"text": 7}, "text", "user")
    assert caught.value.param == "messages[3].content[0].text"
    assert caught.value.message == "messages[3].content[0].text must be a string"


def test_members_that_nobody_knows_are_seen_and_all_of_them_counts() -> None:
    reader = Collected()
    reader.rest((), {"known": "a", "x": {"deep": ["b", 7, None]}, "flag": True, "none": None}, {"known"}, "definition")
    assert [(text.path, text.value) for text in reader.texts] == [(("x", "deep", 0), "b")]
    assert reader.frame_bytes == len('{"deep":["b",7,null]}') + len("x")


def test_an_opaque_member_counts_by_its_bytes_and_is_no_text() -> None:
    reader = Collected()
    reader.opaque({"data": "ü"}, "data")
    reader.opaque({"data": 7}, "data")
    assert (reader.opaque_bytes, reader.texts) == (2, [])


def test_bounds_of_numbers_and_lists_are_told() -> None:
    assert body.count({"n": 3}, "n", 1, 5) == 3
    assert body.count({}, "n", 1) is None
    for tree in ({"n": 0}, {"n": 6}, {"n": True}, {"n": 1.0}, {"n": "1"}):
        with pytest.raises(InvalidRequest, match="an integer from 1 to 5"):
            body.count(tree, "n", 1, 5)
    with pytest.raises(InvalidRequest, match="at most 2"):
        body.listed({"input": [1, 2, 3]}, "input", 2)
    bodies: list[dict[str, object]] = [{}, {"input": []}, {"input": "x"}]
    for wrong in bodies:
        with pytest.raises(InvalidRequest):
            body.listed(wrong, "input", 2)
    with pytest.raises(InvalidRequest):
        body.boolean({"stream": "yes"}, "stream")


def test_a_body_is_an_object_with_a_model() -> None:
    with pytest.raises(InvalidRequest):
        body.tree_of([])
    for tree in ({}, {"model": ""}, {"model": 7}):
        with pytest.raises(InvalidRequest):
            body.model_of(tree)


def test_what_lies_at_the_provider_is_named() -> None:
    body.refuse_state({"container": None}, ("container",))
    with pytest.raises(UnboundedCost) as caught:
        body.refuse_state({"container": "c"}, ("container",))
    assert caught.value.param == "container"
