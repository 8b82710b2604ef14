import pytest

from limits.entries import HoldEntry, from_dict, to_dict
from tests.limits.ledgers import clock, ledger

__all__ = ["clock", "ledger"]


def test_every_entry_survives_its_dict() -> None:
    entry = HoldEntry("a", ("s",), 1, 2, 3, 4, 5, "b")
    assert to_dict(entry) == {"t": "hold1", "id": "a", "s": ("s",), "n": 1, "i": 2, "o": 3, "at": 4, "x": 5, "r": "b"}
    assert from_dict(to_dict(entry)) == entry


@pytest.mark.parametrize("stored", [{}, {"t": "hold9"}, {"t": "settle1"}, {"t": "settle1", "id": "a", "n": "1"}])
def test_what_is_no_entry_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="ledger entry"):
        from_dict(stored)
