"""Kinds of values: secrets are named and masked, money is exact, what is unlimited is spelt."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.config.values import SECRET_BYTES_MAX, Instant, Limit, Price, Reading, Secret, Size, Usd, UsdLimit, Zone

KEY = "sk-live-0123456789"


def read(kind: Any, value: object, reading: Reading | None = None) -> Any:
    return TypeAdapter(kind).validate_python(value, context=reading)


def refused(kind: Any, value: object, reading: Reading | None = None) -> str:
    with pytest.raises(ValidationError) as caught:
        read(kind, value, reading)
    return caught.value.errors()[0]["msg"]


def test_a_secret_comes_from_the_environment_or_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    reading = Reading(tmp_path, {"KEY": KEY})
    for source in ("env/KEY", "os.environ/KEY", "file/key", f"file/{tmp_path}/key"):
        assert read(Secret, source, reading).reveal() == KEY


def test_a_secret_is_masked_wherever_it_is_shown(tmp_path: Path) -> None:
    secret = read(Secret, "env/KEY", Reading(tmp_path, {"KEY": KEY}))
    shown = f"{secret} {secret!r} {[secret]} {TypeAdapter(Secret).dump_python(secret)} {Reading(tmp_path, {'K': KEY})}"
    assert KEY not in shown
    assert "env/KEY" in shown


def test_a_secret_written_into_the_file_is_refused_without_being_quoted() -> None:
    message = refused(Secret, KEY)
    assert "env/NAME" in message
    assert KEY not in message
    assert "env/NAME" in refused(Secret, 7)


def test_a_secret_that_is_not_where_it_should_be_is_said(tmp_path: Path) -> None:
    reading = Reading(tmp_path, {"EMPTY": ""})
    (tmp_path / "big").write_bytes(b"x" * (SECRET_BYTES_MAX + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "EMPTY is not set" in refused(Secret, "env/EMPTY", reading)
    assert "No such file" in refused(Secret, "file/none", reading)
    assert "1 to 65536 bytes" in refused(Secret, "file/big", reading)
    assert "not UTF-8" in refused(Secret, "file/binary", reading)
    for command, why in (("false", "CalledProcessError"), ("none-such", "FileNotFoundError"), ("'", "ValueError")):
        assert why in refused(Secret, f"command/{command}", reading)
    assert "1 to 65536" in refused(Secret, "command/true", reading)


def test_a_secret_may_be_what_a_program_prints(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert read(Secret, f"command/cat '{tmp_path}/key'", Reading(tmp_path, {})).reveal() == KEY
    assert KEY not in refused(Secret, f"command/sh -c 'cat {tmp_path}/key; exit 3'", Reading(tmp_path, {}))


def test_a_tree_loaded_without_secrets_reads_one_when_it_is_revealed(tmp_path: Path) -> None:
    secret = read(Secret, "env/KEY", Reading(tmp_path, {}, secrets=False))
    with pytest.raises(ValueError, match="KEY is not set"):
        secret.reveal()
    assert secret == Secret("env/KEY")
    assert hash(secret) == hash(Secret("env/KEY"))
    assert read(Secret, secret) is secret


@given(st.decimals(0, 9_000_000, places=9))
def test_money_is_exact(amount: Decimal) -> None:
    assert read(Usd, format(amount, "f")) == amount


def test_money_that_is_no_amount_is_refused() -> None:
    value: object
    for value in ("a lot", "NaN", "inf", "1e-10", None, True, [], "-1", "9000001"):
        assert refused(Usd, value)
    assert read(Usd, 0.1) == Decimal("0.1")
    assert read(Price, "0.000001") == Decimal("0.000001")
    assert "six decimal places" in refused(Price, "0.0000001")


def test_unlimited_is_spelt_and_shown_as_spelt() -> None:
    kinds: tuple[Any, ...] = (Limit, UsdLimit)
    for kind in kinds:
        assert read(kind, "unlimited") is None
        assert "unlimited" in refused(kind, None)
        assert TypeAdapter(kind).dump_python(None) == "unlimited"
    assert refused(Limit, "many")
    assert refused(Limit, True)
    assert refused(Limit, 10**12 + 1)


def test_sizes_have_units_and_are_shown_in_the_largest_that_fits() -> None:
    for text, number in (("8 MiB", 8 << 20), ("64KiB", 64 << 10), ("1 GiB", 1 << 30), ("2048 B", 2048)):
        assert read(Size, text) == number
    assert TypeAdapter(Size).dump_python(8 << 20) == "8 MiB"
    assert TypeAdapter(Size).dump_python(1025) == 1025
    for value in ("8 MB", "8", "-1 KiB", 8.0, 1):
        assert refused(Size, value)


def test_time_zones_and_instants_are_ones_that_exist() -> None:
    assert read(Zone, "Europe/Berlin") == "Europe/Berlin"
    assert "no time zone" in refused(Zone, "Berlin")
    assert "no time zone" in refused(Zone, "../etc/passwd")
    day = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    value: object
    for value in ("2027-01-01", dt.date(2027, 1, 1), day, day.replace(tzinfo=None), "2027-01-01T01:00:00+01:00"):
        assert read(Instant, value) == day
    assert "2027-01-01" in refused(Instant, "tomorrow")
    assert "2027-01-01" in refused(Instant, 7)
