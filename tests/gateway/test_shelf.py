"""A shelf is bounded by number and size, and the least recently used goes first."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.shelf import Shelf


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12)), max_size=60))
def test_it_holds_the_latest_that_fit_and_nothing_else(puts: list[tuple[int, int]]) -> None:
    shelf: Shelf[int, int] = Shelf(entries_max=4, bytes_max=10)
    plain: list[tuple[int, int]] = []
    for key, size in puts:
        shelf.put(key, size, size)
        plain = [(other, bytes_) for other, bytes_ in plain if other != key]
        if size <= 10:
            plain.append((key, size))
        while len(plain) > 4 or sum(bytes_ for _, bytes_ in plain) > 10:
            plain.pop(0)
        assert len(shelf) == len(plain)
        assert shelf.size_bytes == sum(bytes_ for _, bytes_ in plain)
    assert all(shelf.get(key) == size for key, size in plain)


def test_what_was_used_stays_longer() -> None:
    shelf: Shelf[str, int] = Shelf(entries_max=2, bytes_max=0)
    shelf.put("a", 1)
    shelf.put("b", 2)
    assert shelf.get("a") == 1
    shelf.put("c", 3)
    assert shelf.get("b") is None
    shelf.drop("a")
    shelf.drop("a")
    shelf.drop_oldest()
    shelf.drop_oldest()
    assert len(shelf) == 0
