"""Options: a cap on a command line is the cap of the admin API."""

import click
import pytest

from gateway.cli.options import CAP


def test_a_cap_is_written_as_dimension_amount_and_window() -> None:
    one = CAP.convert("usd=1.50/day", None, None)
    assert {name: value for name, value in one.items() if value is not None} == {
        "usd": "1.50",
        "per": "day",
        "soft": False,
    }
    assert CAP.convert("tokens=10/total/soft", None, None)["soft"]
    assert CAP.convert("input_tokens=10/call", None, None)["per"] == "call"
    assert CAP.convert("concurrency=5", None, None)["concurrency"] == 5


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "usd",
        "usd=1",
        "usd=1/year",
        "eur=1/day",
        "usd=1/day/hard",
        "usd=1.2.3/day",
        "tokens=1.5/day",
        "concurrency=5/day",
    ],
)
def test_what_is_no_cap_is_wrong_usage(wrong: str) -> None:
    with pytest.raises(click.BadParameter):
        CAP.convert(wrong, None, None)
