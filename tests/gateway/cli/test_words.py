"""Words for people: amounts, instants, columns."""

import pytest

from gateway.cli.words import amount, caps, instant, table


def test_amounts_and_instants_are_written_as_people_write_them() -> None:
    assert amount("nano_usd", 1_500_000_000) == "$1.50"
    assert amount("tokens", 50_000) == "50,000 tokens"
    assert instant(1_767_225_600_000_000) == "2026-01-01 00:00:00Z"
    assert instant(None) == "never"
    assert caps([]) == "no cap"


def test_columns_are_as_wide_as_they_need_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    table(("A", "B"), [("long", "x"), ("y", "")])
    assert capsys.readouterr().out == "A     B\nlong  x\ny\n"
