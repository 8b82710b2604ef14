"""`tollhouse audit prove | consistency | tail | search`: single records, and how the log grew."""

import base64
import time
from pathlib import Path

import click
import orjson

from audit.checkpoint import open_checkpoint
from audit.errors import BookError
from audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from audit.reader import Reader
from audit.record import KINDS
from audit.search import SearchIndex
from audit.wording import instant, sentences, title

from .book import INSTANT, SEARCH_NAME, book_at, book_option, key_option, verifiers_of
from .options import config_option, json_option
from .words import say_json

_WAIT_S = 0.5


@click.command()
@click.argument("index", type=click.IntRange(min=0))
@book_option
@key_option
@json_option
@config_option
def prove(*, index: int, book: Path | None, public_key: Path | None, as_json: bool, config_path: Path) -> None:
    """Prove that record INDEX is under the last signed checkpoint (C2SP tlog-proof, or JSON)."""
    at = book_at(book, config_path)
    verifiers = verifiers_of(at.folder, public_key)
    with Reader.open(at.place, signed_only=True) as reader:
        if reader.checkpoint is None or index >= reader.size:
            raise BookError(f"record {index} is not under a signed checkpoint; {reader.size} records are")
        signed = open_checkpoint(reader.checkpoint, reader.origin, verifiers)
        [(_, body)] = reader.records(index, index + 1)
        proof = reader.prove(index, signed.size)
        verify_inclusion(index, signed.size, leaf_hash(body), proof, signed.root)
        hashes = [base64.b64encode(each).decode() for each in proof]
        note = reader.checkpoint.decode()
    if as_json:
        say_json(
            {
                "index": index,
                "leaf": leaf_hash(body).hex(),
                "proof": hashes,
                "checkpoint": note,
                "record": body.decode(),
            }
        )
        return
    click.echo("\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *hashes, "", note]), nl=False)


@click.command()
@click.argument("old", type=click.IntRange(min=0))
@click.argument("new", type=click.IntRange(min=0), required=False)
@book_option
@json_option
@config_option
def consistency(*, old: int, new: int | None, book: Path | None, as_json: bool, config_path: Path) -> None:
    """Prove that the first OLD records are the beginning of the first NEW ones (default: all there are)."""
    with Reader.open(book_at(book, config_path).place) as reader:
        size = reader.size if new is None else new
        if size > reader.size:
            raise BookError(f"the book has {reader.size} records, not {size}")
        proof = reader.prove_consistency(old, size)
        roots = reader.root(old), reader.root(size)
        verify_consistency(old, size, *roots, proof)
    hashes = [base64.b64encode(each).decode() for each in proof]
    if as_json:
        say_json({"old": old, "new": size, "old_root": roots[0].hex(), "new_root": roots[1].hex(), "proof": hashes})
        return
    click.echo(f"old {old} {base64.b64encode(roots[0]).decode()}\nnew {size} {base64.b64encode(roots[1]).decode()}")
    for each in hashes:
        click.echo(each)


@click.command()
@click.option("-n", "--number", type=click.IntRange(0, 10_000), default=10, show_default=True, help="How many.")
@click.option("-f", "--follow", is_flag=True, help="Go on as new records come in.")
@click.option("--tenant", help="Only this tenant's records.")
@book_option
@json_option
@config_option
def tail(*, number: int, follow: bool, tenant: str | None, book: Path | None, as_json: bool, config_path: Path) -> None:
    """Show the last records, a line each."""
    at = book_at(book, config_path)
    with Reader.open(at.place) as reader:
        last = reader.size
        _show(reader, max(0, last - number), last, tenant, as_json=as_json)
    while follow:
        time.sleep(_WAIT_S)
        with Reader.open(at.place) as reader:
            _show(reader, last, reader.size, tenant, as_json=as_json)
            last = max(last, reader.size)


def _show(reader: Reader, start: int, end: int, tenant: str | None, *, as_json: bool) -> None:
    for index, body in reader.records(start, end):
        record = orjson.loads(body)
        if tenant in (None, record.get("tenant")):
            click.echo(_line(index, body, as_json=as_json))


def _line(index: int, body: bytes, *, as_json: bool) -> str:
    if as_json:
        return f'{{"index":{index},"record":{body.decode()}}}'
    record = orjson.loads(body)
    said = " ".join(sentences(record))
    whose = f" {record['tenant']}" if "tenant" in record else ""
    return f"{index}{whose} {instant(record['at'])}: {title(record)}.{f' {said}' if said else ''}"


@click.command()
@click.option("--tenant")
@click.option("--run")
@click.option("--kind", type=click.Choice(list(KINDS)))
@click.option("--key", help="Public id of the key that spoke.")
@click.option("--model")
@click.option("--target")
@click.option("--call")
@click.option("--tool", help="Name of a tool that was proposed or answered.")
@click.option("--decision", help="What a stage decided: blocked, refused, clamped, fallback, authorised …")
@click.option("--rule", help="The rule by which it did.")
@click.option("--code", help="The error code with which it ended.")
@click.option("--since", type=INSTANT, help="From this instant on.")
@click.option("--until", type=INSTANT, help="Before this instant.")
@click.option("-n", "--number", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many at most.")
@click.option("--index", "index_path", type=click.Path(path_type=Path, dir_okay=False), help="The index's file.")
@book_option
@json_option
@config_option
def search(
    *,
    since: int | None,
    until: int | None,
    number: int,
    index_path: Path | None,
    book: Path | None,
    as_json: bool,
    config_path: Path,
    **fields: str | None,
) -> None:
    """Find records, newest first. The index beside the book is brought up to date first."""
    at = book_at(book, config_path)
    wanted = {name: value for name, value in fields.items() if value is not None}
    with Reader.open(at.place) as reader, SearchIndex(index_path or at.folder / SEARCH_NAME) as index:
        for found, body in index.find(reader, from_us=since, until_us=until, limit=number, **wanted):
            click.echo(_line(found, body, as_json=as_json))
