"""Keys of steps."""

from agents.keys import digest, step_key


def test_a_key_is_the_same_for_the_same_step_only() -> None:
    key = step_key("run", "main", 0, {"a": 1, "b": 2})
    assert key == step_key("run", "main", 0, {"b": 2, "a": 1})
    others = {
        step_key("run2", "main", 0, {"a": 1, "b": 2}),
        step_key("run", "other", 0, {"a": 1, "b": 2}),
        step_key("run", "main", 1, {"a": 1, "b": 2}),
        step_key("run", "main", 0, {"a": 1, "b": 3}),
    }
    assert len({key, *others}) == 5
    assert len(digest({})) == 64
