"""Calendar windows of a cap, in the tenant's time zone.

A window is half-open, [start, end), in UTC microseconds. Minutes and hours are cut at the zone's offset of that
instant; days, weeks (from Monday) and months at local midnight, so a day may last 23 or 25 hours.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

FOREVER = 2**62
"""Later than any instant and larger than any amount; stands for 'no end' and 'no limit' in comparisons."""

WINDOWS = ("minute", "hour", "day", "week", "month", "total")

_SPAN_US = {"minute": 60_000_000, "hour": 3_600_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bounds(window: str, at_us: int, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end of the window that contains `at_us`; `total` has neither (0, FOREVER). KeyError if unknown."""
    if window == "total":
        return 0, FOREVER
    local = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    span = _SPAN_US.get(window)
    if span is not None:
        offset_us = (local.utcoffset() or timedelta()) // timedelta(microseconds=1)
        start = (at_us + offset_us) // span * span - offset_us
        return start, start + span
    day = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - wall time; the zone is put on below
    if window == "day":
        first, after = day, day + timedelta(days=1)
    elif window == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    elif window == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        raise KeyError(window)
    return _us(first, zone), _us(after, zone)


def _us(wall: datetime, zone: ZoneInfo) -> int:
    return (wall.replace(tzinfo=zone).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
