"""A request is never changed, a part changes the tree it stands in, a cut comes once."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.call import Part, Request, Text, reply_of
from gateway.errors import ClientLeft, DeadlineExceeded
from tests.gateway.talk import Talk, said

pytestmark = pytest.mark.anyio

LEAVES = st.text(max_size=5)
TREES = st.dictionaries(
    LEAVES,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LEAVES, inner, max_size=3)),
    max_size=4,
)


def texts_of(node: Any, path: tuple[Any, ...] = ()) -> list[Text]:
    if isinstance(node, str):
        return [Text(path, node, "user")]
    members = node.items() if isinstance(node, dict) else enumerate(node)
    return [text for step, value in members for text in texts_of(value, (*path, step))]


@given(TREES, st.data())
def test_replacing_texts_changes_these_and_nothing_else_and_leaves_the_old_request_alone(
    tree: dict[str, Any], data: st.DataObject
) -> None:
    texts = tuple(texts_of(tree))
    before = repr(tree)
    chosen = data.draw(st.sets(st.integers(0, max(0, len(texts) - 1)), max_size=len(texts))) if texts else set()
    request = Request(tree, "m", False, texts)
    new = request.replace({index: f"new {index}" for index in chosen})
    assert [text.value for text in texts_of(new.tree)] == [
        f"new {index}" if index in chosen else text.value for index, text in enumerate(texts)
    ]
    assert [text.path for text in new.texts] == [text.path for text in texts]
    assert repr(tree) == before


def test_members_are_set_or_removed_in_a_new_request() -> None:
    request = Request({"a": 1, "b": 2}, "m", False, ())
    assert request.with_members({"a": None, "c": 3}).tree == {"b": 2, "c": 3}
    assert request.tree == {"a": 1, "b": 2}


def test_setting_a_part_writes_every_place_where_its_text_stands() -> None:
    one, two = {"content": "a"}, {"text": "a"}
    choice: dict[str, Any] = {"logprobs": {"content": []}}
    part = Part("text", 0, "0", one, "content")
    part.also = ((two, "text"),)
    part.logprobs = choice
    part.text = "b"
    assert (one, two, choice) == ({"content": "b"}, {"text": "b"}, {"logprobs": None})


async def test_a_reply_of_events_is_read_once() -> None:
    event = said("a")
    reply = reply_of([event])
    assert await reply.read() == [event]
    assert await reply.read() is None


async def test_a_call_is_cut_once_and_only_while_it_may_be() -> None:
    call = Talk().call
    first = DeadlineExceeded("late")
    call.task = asyncio.ensure_future(asyncio.sleep(60))
    task, call.task = call.task, None
    call.cut(first)
    await asyncio.sleep(0)
    assert task is not None
    assert not task.cancelled(), "it settles"
    call.task = task
    call.cut(ClientLeft("left"))
    assert call.cut_by is first
    task.cancel()
