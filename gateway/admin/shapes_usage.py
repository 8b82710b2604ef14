"""What the admin API tells of use: sums by whom, and reports that are not our count."""

from pydantic import Field

from .shapes import Shape


class SpendShown(Shape):
    """One sum; money in nano-dollars."""

    of: dict[str, str] = Field(description="the dimensions that were asked for, and their values; empty: none was told")
    calls: int = Field(description="what was sent and charged; a retry is one more")
    nano_usd: int
    input_tokens: int
    output_tokens: int


class Spend(Shape):
    """Sums, the dearest first."""

    spend: tuple[SpendShown, ...]
    more: bool


class DifferingShown(Shape):
    """A reply whose provider reported other tokens than we counted."""

    at_us: int = Field(description="when it ended, µs since 1970 UTC")
    call: str
    tenant: str
    key: str
    model: str
    target: str
    reported_input_tokens: int
    reported_output_tokens: int
    counted_input_tokens: int
    counted_output_tokens: int


class Differings(Shape):
    """Such replies, latest first. Only those are counted after that `usage_check_every` of their profile says."""

    differing: tuple[DifferingShown, ...]
    more: bool
