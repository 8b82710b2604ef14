"""A bundle: some records with all that is needed to verify them alone, as one JSON file to hand to one person.

    {"format": "tollhouse.bundle/v1", "checkpoint": "<signed note>", "heads": ["<signed note>", …],
     "records": [{"index": …, "record": "<the canonical bytes as text>", "proof": ["<base64>", …]}, …]}

Each record proves by its inclusion proof that the checkpoint covers it; nothing of anybody else is in the file but
hashes. For a tenant's whole bundle, its head shows that the end is not missing, and `tseq` that none in between is.
"""

import base64
from pathlib import Path
from typing import IO, Any

import orjson

from .checkpoint import from_text, open_checkpoint
from .errors import BookError, ProofRefused
from .export import Selection, select
from .heads import open_head
from .merkle import leaf_hash, verify_inclusion
from .note import Verifier, parse
from .reader import Reader
from .verdict import Verdict

FORMAT = "tollhouse.bundle/v1"


def write_bundle(reader: Reader, out: IO[bytes], selection: Selection) -> int:
    """Write the selected records that the last checkpoint covers; return their number. Streams; memory is bounded."""
    if reader.checkpoint is None:
        raise BookError("the book has no signed checkpoint yet; it gets one when it is closed, or within seconds")
    size = from_text(parse(reader.checkpoint).text).size
    heads = []
    if selection.tenant is not None:
        found = reader.db.execute("SELECT note FROM book_head WHERE tenant = ?", (selection.tenant,)).fetchall()
        heads = [bytes(row[0]).decode() for row in found]
    head = {"checkpoint": reader.checkpoint.decode(), "format": FORMAT, "heads": heads}
    out.write(orjson.dumps(head)[:-1] + b',"records":[')
    count = 0
    for index, _, body in select(reader, selection):
        if index >= size:
            break
        proof = [base64.b64encode(each).decode() for each in reader.prove(index, size)]
        line = orjson.dumps({"index": index, "proof": proof, "record": body.decode()})
        out.write((b",\n" if count else b"\n") + line)
        count += 1
    out.write(b"\n]}\n")
    return count


def verify_bundle(path: Path, origin: str, verifiers: list[Verifier]) -> Verdict:
    """Verify a bundle with nothing but the log's public key; raise BookError if it is none."""
    verdict = Verdict(origin)
    try:
        bundle: dict[str, Any] = orjson.loads(path.read_bytes())
        signed = open_checkpoint(bundle["checkpoint"].encode(), origin, verifiers)
        heads = [open_head(each.encode(), origin, verifiers) for each in bundle["heads"]]
        records = [(int(each["index"]), str(each["record"]).encode(), each["proof"]) for each in bundle["records"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BookError(f"{path} is no bundle: {error}") from error
    verdict.checkpoints, verdict.signed_size, verdict.root = 1, signed.size, signed.root
    for index, body, proof in records:
        _record(verdict, index, body, proof)
    verdict.size = len(records)
    for head in heads:
        last = verdict.tenants.get(head.tenant, 0)
        if head.size <= signed.size and last < head.tseq:
            sentence = f"tenant {head.tenant} has records up to {last} here, {head.tseq} were signed"
            verdict.add("tenant", None, sentence)
    return verdict


def _record(verdict: Verdict, index: int, body: bytes, proof: list[str]) -> None:
    try:
        hashes = [base64.b64decode(each, validate=True) for each in proof]
        verify_inclusion(index, verdict.signed_size, leaf_hash(body), hashes, verdict.root)
        record = orjson.loads(body)
    except (ProofRefused, ValueError) as error:
        verdict.add("altered", index, f"record {index} is not the one that was signed: {error}")
        return
    tenant, tseq = record.get("tenant"), record.get("tseq")
    if tenant is not None:
        expected = verdict.tenants.get(tenant, tseq - 1) + 1
        if tseq != expected:
            verdict.add("tseq", index, f"record {index} is number {tseq} of tenant {tenant}, expected {expected}")
        verdict.tenants[tenant] = tseq
