"""`tollhouse audit`: the book, read while it is written, and verified without asking the gateway."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from audit.anchor import Anchor, FileAnchor
from audit.bundle import verify_bundle, write_bundle
from audit.cosignature import CosignatureVerifier
from audit.cover import cover
from audit.export import Selection, export_csv, export_jsonl
from audit.extras import extra
from audit.folder import verify_folder
from audit.master import MasterKey
from audit.note import Verifier
from audit.ocsf import export_ocsf
from audit.payloads import verify_payloads
from audit.reader import Reader
from audit.record import KINDS
from audit.verdict import Verdict
from audit.verify import verify_book

from .audit_change import hold, rewrap, rotate, shred
from .audit_look import consistency, prove, search, tail
from .audit_tell import evidence, explain
from .book import FILE, INSTANT, book_at, book_option, key_option, verifiers_of
from .options import config_option, json_option
from .words import instant, say_json

_EXPORTS: dict[str, Callable[..., int]] = {
    "jsonl": export_jsonl,
    "csv": export_csv,
    "bundle": write_bundle,
    "ocsf": export_ocsf,
    "parquet": lambda *args, **options: extra("parquet").export_parquet(*args, **options),
}
_TOLD_EVERY = 100_000


@click.group()
def audit() -> None:
    """Read and verify the book."""


@audit.command("export")
@click.option("--format", "form", type=click.Choice(list(_EXPORTS)), default="jsonl", show_default=True)
@click.option("--tenant", help="Only this tenant's records.")
@click.option("--run", help="Only this run's records.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only records of this kind.")
@click.option("--since", type=INSTANT, help="Only records from this instant on.")
@click.option("--until", type=INSTANT, help="Only records before this instant.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of to standard output."
)
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="With a bundle: a page for the auditor.")
@book_option
@config_option
def export(
    *,
    form: str,
    tenant: str | None,
    run: str | None,
    kind: str | None,
    since: int | None,
    until: int | None,
    output: Path | None,
    page: Path | None,
    book: Path | None,
    config_path: Path,
) -> None:
    """Write records: JSON lines with leaf hashes, CSV, a bundle that proves itself, OCSF events, or Parquet."""
    selection = Selection(tenant=tenant, run=run, kind=kind, from_us=since, until_us=until)
    if page is not None and (form != "bundle" or output is None):
        raise click.UsageError("--page goes with --format bundle and --output FILE")
    at = book_at(book, config_path)
    with Reader.open(at.place) as reader, click.open_file(str(output or "-"), "wb") as out:
        count = _EXPORTS[form](reader, out, selection, progress=_progress)
        checkpoint = (reader.checkpoint or b"").decode()
    click.echo(f"{count} records", err=True)
    if page is not None and output is not None:
        verifiers = verifiers_of(at.folder, None)
        verdict = verify_bundle(output, verifiers[0].name, verifiers)
        page.write_text(cover(output, verdict, selection, checkpoint, verifiers[0].vkey()))


def _progress(count: int) -> None:
    if count % _TOLD_EVERY == 0:
        click.echo(f"{count:,} records …", err=True)


@audit.command("verify")
@click.option("--bundle", type=FILE, help="Verify this bundle instead of a book.")
@click.option("--tiles", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Verify this folder.")
@click.option(
    "--anchor", "anchors", multiple=True, help="Anchored or cosigned checkpoints: a file, or s3://BUCKET/PREFIX."
)
@click.option("--endpoint", help="The address of an S3 server other than Amazon's.")
@click.option(
    "--witness-key", "witnesses", multiple=True, help="A witness's public key: the anchors must have its word."
)
@click.option("--master-key", help="Open the payloads too: env/NAME, file/PATH or command/PROGRAM.")
@book_option
@key_option
@json_option
@config_option
def verify(
    *,
    bundle: Path | None,
    tiles: Path | None,
    anchors: tuple[str, ...],
    endpoint: str | None,
    witnesses: tuple[str, ...],
    master_key: str | None,
    book: Path | None,
    public_key: Path | None,
    as_json: bool,
    config_path: Path,
) -> None:
    """Verify every record against every hash, checkpoint and head; exit code 1 if anything was altered.

    Works offline, without the gateway: with --public-key it needs nothing but the file.
    """
    if bundle is not None or tiles is not None:
        if public_key is None:
            raise click.UsageError("a bundle or a folder is verified with --public-key, which you got from elsewhere")
        verifiers = verifiers_of(public_key, public_key)
        if bundle is not None:
            verdict = verify_bundle(bundle, verifiers[0].name, verifiers)
        else:
            assert tiles is not None  # noqa: S101 - one of the two is given
            verdict = verify_folder(tiles, verifiers[0].name, verifiers)
        _say(verdict, [], as_json=as_json)
    at = book_at(book, config_path)
    verifiers = verifiers_of(at.folder, public_key)
    kept = [_anchor(each, endpoint, verifiers) for each in anchors]
    verdict = verify_book(at.place, verifiers, anchors=[each for one in kept for each in one.checkpoints()])
    words = _witnessed(kept, witnesses, verdict)
    if master_key is not None:
        opened = verify_payloads(at.place, MasterKey.load(master_key), verdict)
        words.append(f"{opened} payloads are what was committed to")
    _say(verdict, words, as_json=as_json)


def _anchor(place: str, endpoint: str | None, verifiers: Sequence[Verifier]) -> Anchor:
    if place.startswith("s3://"):
        anchor: Anchor = extra("bucket").BucketAnchor(place, verifiers[0].name, verifiers, endpoint=endpoint)
        return anchor
    if not Path(place).is_file():
        raise click.UsageError(f"--anchor {place}: there is no such file")
    return FileAnchor(Path(place), verifiers[0].name, verifiers)


def _witnessed(kept: list[Anchor], keys: tuple[str, ...], verdict: Verdict) -> list[str]:
    """Return what the witnesses say; a witness without a word is a contradiction."""
    words = []
    for key in keys:
        witness = CosignatureVerifier.from_vkey(key)
        found = max(
            (one for each in kept if (one := each.cosigned(witness))), key=lambda each: each[0].size, default=None
        )
        if found is None:
            verdict.add("unwitnessed", None, f"no checkpoint in the anchors has the word of the witness {witness.name}")
        else:
            words.append(f"{witness.name} saw the first {found[0].size} records, on {instant(found[1] * 1_000_000)}")
    return words


def _say(verdict: Verdict, words: list[str], *, as_json: bool) -> None:
    if as_json:
        problems: list[dict[str, Any]] = [
            {"kind": each.kind, "index": each.index, "sentence": each.sentence} for each in verdict.problems
        ]
        say_json(
            {
                "ok": verdict.ok,
                "origin": verdict.origin,
                "size": verdict.size,
                "signed_size": verdict.signed_size,
                "root": verdict.root.hex(),
                "altered": verdict.altered(),
                "problems": problems,
                "said": words,
            }
        )
    else:
        for sentence in [*verdict.sentences(), *words]:
            click.echo(sentence)
    sys.exit(0 if verdict.ok else 1)


for _command in (prove, consistency, tail, search, explain, evidence, shred, hold, rewrap, rotate):
    audit.add_command(_command)
