"""A clock that tests turn."""


class TurnedClock:
    """Stands still until `seconds` is added to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def utc_us(self) -> int:
        """Return its time as microseconds."""
        return round(self.seconds * 1e6)

    def monotonic_s(self) -> float:
        """Return its time."""
        return self.seconds
