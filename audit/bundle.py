"""A bundle: some records with all that is needed to verify them alone, as one JSON file to hand to one person.

    {"checkpoint":"<signed note>","format":"tollhouse.bundle/v1","heads":["<signed note>",…],"selection":{…},"records":[
    {"index":…,"proof":["<base64>",…],"record":"<the canonical bytes as text>"},
    …
    ]}

It is one JSON document, and one line a record, so that a million of them are written and verified in bounded memory.
Each record proves by its inclusion proof that the checkpoint covers it; nothing of anybody else is in the file but
hashes. Where `selection` names a tenant and nothing else, its head shows that the end is not missing, and `tseq` that
none in between is; a narrower selection cannot show that it has all of its kind.
"""

import base64
import itertools
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import orjson

from .checkpoint import from_text, open_checkpoint
from .errors import BookError, ProofRefused
from .export import PAGE_ROWS, Progress, Selection, select
from .heads import open_head
from .merkle import leaf_hash, verify_inclusion
from .note import Verifier, parse
from .reader import Reader
from .verdict import Verdict

FORMAT = "tollhouse.bundle/v1"
_LINE_BYTES_MAX = 1 << 20
_END = b"]}"


def write_bundle(reader: Reader, out: IO[bytes], selection: Selection, *, progress: Progress | None = None) -> int:
    """Write the selected records that the last checkpoint covers; return their number. Streams; memory is bounded."""
    if reader.checkpoint is None:
        raise BookError("the book has no signed checkpoint yet; it gets one when it is closed, or within seconds")
    size = from_text(parse(reader.checkpoint).text).size
    chosen = {name: value for name, value in asdict(selection).items() if value is not None}
    heads = []
    if chosen.keys() == {"tenant"}:
        found = reader.db.execute("SELECT note FROM book_head WHERE tenant = ?", (selection.tenant,)).fetchall()
        heads = [bytes(row[0]).decode() for row in found]
    head = {"checkpoint": reader.checkpoint.decode(), "format": FORMAT, "heads": heads, "selection": chosen}
    out.write(orjson.dumps(head)[:-1] + b',"records":[')
    count = 0
    for index, _, body in itertools.takewhile(lambda row: row[0] < size, select(reader, selection)):
        proof = [base64.b64encode(each).decode() for each in reader.prove(index, size)]
        line = orjson.dumps({"index": index, "proof": proof, "record": body.decode()})
        out.write((b",\n" if count else b"\n") + line)
        count += 1
        if progress is not None and count % PAGE_ROWS == 0:
            progress(count)
    out.write(b"\n" + _END + b"\n")
    return count


def verify_bundle(path: Path, origin: str, verifiers: list[Verifier]) -> Verdict:
    """Verify a bundle with nothing but the log's public key; raise BookError if it is none. Memory is bounded."""
    verdict = Verdict(origin)
    try:
        with path.open("rb") as file:
            head = orjson.loads(_line(file).removesuffix(b"\n") + _END)
            signed = open_checkpoint(head["checkpoint"].encode(), origin, verifiers)
            heads = [open_head(each.encode(), origin, verifiers) for each in head["heads"]]
            verdict.checkpoints, verdict.signed_size, verdict.root = 1, signed.size, signed.root
            verdict.selected = not head["selection"].keys() <= {"tenant"}
            for each in _records(file):
                _record(verdict, int(each["index"]), str(each["record"]).encode(), each["proof"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BookError(f"{path} is no bundle: {error}") from error
    for tenant in heads:
        last = verdict.tenants.get(tenant.tenant, 0)
        if tenant.size <= signed.size and last < tenant.tseq:
            sentence = f"tenant {tenant.tenant} has records up to {last} here, {tenant.tseq} were signed"
            verdict.add("tenant", None, sentence)
    return verdict


def _line(file: IO[bytes]) -> bytes:
    line = file.readline(_LINE_BYTES_MAX)
    if not line.endswith(b"\n"):
        raise ValueError(f"it ends within a line, or a line has more than {_LINE_BYTES_MAX} bytes")
    return line


def _records(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    while (line := _line(file).rstrip(b"\n")) != _END:
        yield orjson.loads(line.removesuffix(b","))


def _record(verdict: Verdict, index: int, body: bytes, proof: list[str]) -> None:
    verdict.size += 1
    try:
        hashes = [base64.b64decode(each, validate=True) for each in proof]
        verify_inclusion(index, verdict.signed_size, leaf_hash(body), hashes, verdict.root)
        record = orjson.loads(body)
    except (ProofRefused, ValueError) as error:
        verdict.add("altered", index, f"record {index} is not the one that was signed: {error}")
        return
    tenant, tseq = record.get("tenant"), record.get("tseq")
    if tenant is not None and verdict.selected:
        verdict.tenants[tenant] = verdict.tenants.get(tenant, 0) + 1
    elif tenant is not None:
        expected = verdict.tenants.get(tenant, tseq - 1) + 1
        if tseq != expected:
            verdict.add("tseq", index, f"record {index} is number {tseq} of tenant {tenant}, expected {expected}")
        verdict.tenants[tenant] = tseq
