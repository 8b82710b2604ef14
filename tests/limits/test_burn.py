import pytest

from limits.burn import WINDOWS_S, Burn
from limits.clock import ManualClock


def test_a_rate_of_one_is_exactly_what_is_allowed() -> None:
    burn = Burn(ManualClock(), 0.05)
    assert burn.rate(300) == 0.0
    for number in range(100):
        burn.add(bad=number < 5)
    assert burn.rate(300) == pytest.approx(1.0)


def test_short_windows_forget_what_long_ones_still_see() -> None:
    clock = ManualClock()
    burn = Burn(clock, 0.01)
    for _ in range(10):
        burn.add(bad=True)
    clock.turn(600)
    for _ in range(90):
        burn.add(bad=False)
    rates = {window: burn.rate(seconds) for window, seconds in WINDOWS_S.items()}
    assert rates["5m"] == 0
    assert rates["30m"] == rates["3d"] == pytest.approx(10.0)
    clock.turn(WINDOWS_S["3d"])
    assert burn.rate(WINDOWS_S["3d"]) == 0
    burn.add(bad=True)
    assert burn.rate(300) == pytest.approx(100.0), "a minute's place is taken over, not added to"


@pytest.mark.parametrize("allowed", [0, 1.1])
def test_a_share_that_makes_no_sense_is_refused(allowed: float) -> None:
    with pytest.raises(ValueError, match="may be bad"):
        Burn(ManualClock(), allowed)
