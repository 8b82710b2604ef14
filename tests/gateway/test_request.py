"""A request is never changed: replacing makes a new one that shares what did not change."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.request import Request, Text

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
