"""What the commands about the book share: where its file is, which key vouches for it, instants as options."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from audit.keys import load_verifiers
from audit.note import Verifier
from audit.place import File, Place

from ..config import load
from ..house import SIGNING_KEY_NAME, place_of_book
from ..receipts import SEARCH_NAME as SEARCH_NAME

_F = TypeVar("_F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


class InstantType(click.ParamType[int]):
    """A date or an instant, as µs since 1970 UTC; without a zone it is UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the instant."""
        try:
            at = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("write a date, such as 2027-01-01, or an instant, 2027-01-01T12:00:00Z", param, ctx)
        return round((at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp() * 1_000_000)


INSTANT = InstantType()


def book_option(command: _F) -> _F:
    """Add `--book`."""
    return click.option("--book", type=FILE, help="The book's file, instead of the configuration's.")(command)


def key_option(command: _F) -> _F:
    """Add `--public-key`."""
    return click.option(
        "--public-key", type=FILE, help="The log's public key, kept apart; else the one in the folder."
    )(command)


class BookAt(NamedTuple):
    """Where a book lies, and the folder of what belongs to it."""

    place: Place
    folder: Path


def book_at(book: Path | None, config_path: Path) -> BookAt:
    """Return where the book is: in the file that was named, else where the configuration says."""
    if book is not None:
        return BookAt(File(book), book.parent)
    config = load(config_path, secrets=False)
    return BookAt(place_of_book(config), config.folder)


def verifiers_of(folder: Path, public_key: Path | None) -> list[Verifier]:
    """Return the keys that vouch for a book, the newest first; say so if they come from beside it."""
    if public_key is None:
        click.echo("The public key came from beside the book: keep a copy elsewhere, and give it.", err=True)
    return load_verifiers(public_key or folder / f"{SIGNING_KEY_NAME}.pub")
