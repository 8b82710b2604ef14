"""`tollhouse audit explain | evidence`: a run told to the person whom it is about, a period told to an auditor."""

import sys
from pathlib import Path
from typing import IO, Any

import click

from audit.errors import Shredded
from audit.evidence import tally
from audit.explain import page, text
from audit.export import Selection, select
from audit.keyring import Keyring, read_payload
from audit.master import MasterKey
from audit.reader import Reader
from audit.report import report
from audit.search import SearchIndex
from audit.story import ReadPayload, tell
from audit.verify import verify_book
from audit.wording import said

from .book import INSTANT, SEARCH_NAME, book_at, book_option, key_option, verifiers_of
from .options import config_option

_RECORDS_MAX = 10_000


@click.command()
@click.argument("run")
@click.option("--tenant", help="Whose run it is, if two tenants have one of this id.")
@click.option("--html", "as_html", is_flag=True, help="A page for a browser instead of text.")
@click.option("--master-key", help="Show kept texts: env/NAME, file/PATH or command/PROGRAM.")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8"), default="-", help="Write here.")
@book_option
@config_option
def explain(
    *,
    run: str,
    tenant: str | None,
    as_html: bool,
    master_key: str | None,
    output: IO[str],
    book: Path | None,
    config_path: Path,
) -> None:
    """Tell what happened in RUN: what was asked, which tools saw which data, what was decided, why, with proofs."""
    at = book_at(book, config_path)
    fields: dict[str, Any] = {"run": run} if tenant is None else {"run": run, "tenant": tenant}
    with Reader.open(at.place) as reader:
        with SearchIndex(at.folder / SEARCH_NAME) as index:
            found = sorted(index.find(reader, limit=_RECORDS_MAX, **fields))
        payload = None if master_key is None else _payloads(reader, MasterKey.load(master_key))
        story = tell(reader, run, found, payload=payload)
    output.write(page(story) if as_html else text(story))


def _payloads(reader: Reader, master: MasterKey) -> ReadPayload:
    keyring = Keyring(master)

    def read(index: int) -> str | None:
        try:
            return said(read_payload(reader.db, keyring, index))
        except Shredded:
            return None

    return read


@click.command()
@click.option("--from", "from_us", type=INSTANT, required=True, help="The period's beginning.")
@click.option("--to", "until_us", type=INSTANT, required=True, help="Its end, which is not in it.")
@click.option("--tenant", help="Only this tenant's records.")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8"), default="-", help="Write the page here.")
@book_option
@key_option
@config_option
def evidence(
    *,
    from_us: int,
    until_us: int,
    tenant: str | None,
    output: IO[str],
    book: Path | None,
    public_key: Path | None,
    config_path: Path,
) -> None:
    """Write a period's evidence for SOC 2, GDPR and the EU AI Act. It is evidence, not a determination."""
    at = book_at(book, config_path)
    verdict = verify_book(at.place, verifiers_of(at.folder, public_key))
    selection = Selection(tenant=tenant, from_us=from_us, until_us=until_us)
    with Reader.open(at.place) as reader:
        found = tally((index, body) for index, _, body in select(reader, selection))
    output.write(report(found, verdict, from_us=from_us, until_us=until_us))
    sys.exit(0 if verdict.ok else 1)
