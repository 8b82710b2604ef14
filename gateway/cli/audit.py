"""`tollhouse audit`: the book, read while it is written, and verified without asking the gateway."""

import datetime as dt
import sys
from pathlib import Path
from typing import IO, Any

import click

from audit.export import Selection, export_jsonl
from audit.keys import load_verifier
from audit.reader import Reader
from audit.record import KINDS
from audit.verify import verify_book

from ..config import load
from ..house import BOOK_NAME, SIGNING_KEY_NAME
from .options import config_option, json_option
from .words import say_json


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


_INSTANT = InstantType()
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def audit() -> None:
    """Read and verify the book."""


@audit.command("export")
@click.option("--tenant", help="Only this tenant's records.")
@click.option("--run", help="Only this run's records.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only records of this kind.")
@click.option("--since", type=_INSTANT, help="Only records from this instant on.")
@click.option("--until", type=_INSTANT, help="Only records before this instant.")
@click.option("-o", "--output", type=click.File("wb"), default="-", help="Write here instead of to standard output.")
@click.option("--book", type=_FILE, help="The book's file, instead of the configuration's.")
@config_option
def export(
    *,
    tenant: str | None,
    run: str | None,
    kind: str | None,
    since: int | None,
    until: int | None,
    output: IO[bytes],
    book: Path | None,
    config_path: Path,
) -> None:
    """Write records as JSON lines, each with its index and its leaf hash."""
    selection = Selection(tenant=tenant, run=run, kind=kind, from_us=since, until_us=until)
    with Reader.open(book or _folder(config_path) / BOOK_NAME) as reader:
        count = export_jsonl(reader, output, selection)
    click.echo(f"{count} records", err=True)


@audit.command("verify")
@click.option("--book", type=_FILE, help="The book's file, instead of the configuration's.")
@click.option("--public-key", type=_FILE, help="The log's public key, kept apart; else the one in the folder.")
@json_option
@config_option
def verify(*, book: Path | None, public_key: Path | None, as_json: bool, config_path: Path) -> None:
    """Verify every record against every hash, checkpoint and head; exit code 1 if anything was altered."""
    path = book or _folder(config_path) / BOOK_NAME
    verdict = verify_book(path, [load_verifier(public_key or path.with_name(f"{SIGNING_KEY_NAME}.pub"))])
    if as_json:
        say_json(
            {
                "ok": verdict.ok,
                "origin": verdict.origin,
                "size": verdict.size,
                "signed_size": verdict.signed_size,
                "root": verdict.root.hex(),
                "altered": verdict.altered(),
                "problems": [{"kind": p.kind, "index": p.index, "sentence": p.sentence} for p in verdict.problems],
            }
        )
    else:
        for sentence in verdict.sentences():
            click.echo(sentence)
        if public_key is None:
            click.echo("The public key came from beside the book: keep a copy elsewhere, and give it.", err=True)
    sys.exit(0 if verdict.ok else 1)


def _folder(config_path: Path) -> Path:
    return load(config_path, secrets=False).folder
