"""What the commands about the book share."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from audit.keys import create_signing_key
from gateway.cli.book import INSTANT, verifiers_of


def test_an_instant_without_a_zone_is_utc_and_anything_else_is_refused() -> None:
    assert INSTANT.convert("2027-01-01", None, None) == 1_798_761_600_000_000
    assert INSTANT.convert("2027-01-01T01:00:00+01:00", None, None) == 1_798_761_600_000_000
    with pytest.raises(click.BadParameter, match="write a date"):
        INSTANT.convert("soon", None, None)


def test_a_key_from_beside_the_book_is_told(tmp_path: Path) -> None:
    signer = create_signing_key(tmp_path / "signing.key", "example.com/log")

    @click.command()
    def command() -> None:
        click.echo(verifiers_of(tmp_path, None)[0].vkey())

    result = CliRunner().invoke(command)
    assert result.stdout == signer.verifier.vkey() + "\n"
    assert "keep a copy elsewhere" in result.stderr
