"""Verify a whole book offline: every byte against every hash, checkpoint and head. Needs the file and a public key.

    body ── leaf hash ── stored hash ── tile ── root ── checkpoint signature ── anchor
      └── tenant, tseq, at, kind, run: equal to the columns, contiguous, never back in time

Each arrow is compared on its own, so that the verdict names the record that was altered and not only that one was. Who
holds the signing key can forge everything up to the checkpoint; only an anchor kept elsewhere shows that.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import orjson

from . import store
from .checkpoint import Checkpoint, open_checkpoint
from .errors import BookDamaged, NoteRefused
from .heads import Head, open_head
from .merkle import Edge
from .note import Verifier
from .place import Place
from .reader import Reader
from .tiles import TILE_HEIGHT, TILE_WIDTH, full_root, split_hashes
from .verdict import Verdict

Leaf = tuple[int, bytes, bytes, tuple[Any, ...] | None]
"""index, stored leaf hash, body, columns (at, kind, tenant, tseq, run) if the source has any."""


class _Fields(msgspec.Struct, gc=False):
    """Of a record, only what stands in columns as well."""

    at: int
    kind: str
    tenant: str | None = None
    tseq: int | None = None
    run: str | None = None


_read_fields = msgspec.json.Decoder(_Fields).decode
_PAGE_ROWS = 16 * TILE_WIDTH


class Walk:
    """One pass over all leaves, in order: grows the tree, checks each record and each signed statement on the way."""

    def __init__(self, verdict: Verdict, checkpoints: Sequence[Checkpoint], heads: Sequence[Head] = ()) -> None:
        """`checkpoints` (of the log and of anchors) and `heads` are verified ones, in any order."""
        self.verdict = verdict
        self.edge = Edge()
        self._at_us = 0
        self._due = sorted(checkpoints, key=lambda each: each.size)
        self._heads = sorted(heads, key=lambda each: each.size)
        self._next = self._stop()
        self._good = 0

    def leaf(self, leaf: Leaf) -> None:
        """Check the next record."""
        index, stored, body, columns = leaf
        edge, verdict = self.edge, self.verdict
        if index != edge.size:
            verdict.add("missing", edge.size, f"record {edge.size} is missing: the next one found is {index}")
        computed = sha256(b"\x00" + body).digest()
        if computed != stored:
            verdict.add(
                "altered",
                index,
                f"record {index} was altered: its bytes hash to {computed.hex()}, {stored.hex()} was written",
            )
        self._fields(index, body, columns)
        edge.append(computed)
        if edge.size == self._next:
            self.compare()

    def tile(self, rows: Sequence[store.Row]) -> None:
        """Check the next rows, as many as a full tile has: together, or one by one if something is wrong with them."""
        end = self.edge.size + TILE_WIDTH
        if len(rows) == TILE_WIDTH and not self.edge.size < self._next < end and self._whole(rows):
            self.edge.join(TILE_HEIGHT, full_root([row[1] for row in rows]))
            if end == self._next:
                self.compare()
            return
        for row in rows:
            self.leaf((row[0], row[1], row[2], row[3:]))

    def _whole(self, rows: Sequence[store.Row]) -> bool:
        """Tell whether nothing is wrong with any of these rows; if so, take note of their tenants and time."""
        index, last_us = self.edge.size, self._at_us
        known, seen = self.verdict.tenants, dict[str, int]()
        try:
            for at, stored, body, at_us, kind, tenant, tseq, run in rows:
                fields = _read_fields(body)
                if (
                    at != index
                    or sha256(b"\x00" + body).digest() != stored
                    or at_us < last_us
                    or (fields.at, fields.kind, fields.tenant, fields.tseq, fields.run)
                    != (at_us, kind, tenant, tseq, run)
                ):
                    return False
                if tenant is not None:
                    last = seen.get(tenant)
                    if tseq != (known.get(tenant, 0) if last is None else last) + 1:
                        return False
                    seen[tenant] = tseq
                index += 1
                last_us = at_us
        except msgspec.MsgspecError:
            return False
        known.update(seen)
        self._at_us = last_us
        return True

    def compare(self) -> None:
        """Compare the tree as it is now with the checkpoints and heads of this size."""
        size = self.edge.size
        root = self.edge.root()
        while self._heads and self._heads[0].size == size:
            head = self._heads.pop(0)
            last = self.verdict.tenants.get(head.tenant, 0)
            if last != head.tseq:
                sentence = f"tenant {head.tenant} has {last} records in the first {size}, {head.tseq} were signed"
                self.verdict.add("tenant", None, sentence)
        while self._due and self._due[0].size == size:
            signed = self._due.pop(0)
            if signed.root == root:
                self._good = size
            else:
                self.verdict.add(
                    "root",
                    None,
                    f"the first {size} records have root {root.hex()}, {signed.root.hex()} was signed: "
                    f"something between {self._good} and {size - 1} is not what was signed",
                )

        self._next = self._stop()

    def _stop(self) -> int:
        """Return the next size at which something was signed; -1 if there is none."""
        sizes = [each.size for each in self._due[:1]] + [each.size for each in self._heads[:1]]
        return min(sizes, default=-1)

    def finish(self) -> None:
        """Note what the signed statements claim beyond the last record."""
        self.compare()
        for signed in self._due:
            self.verdict.add(
                "truncated", None, f"a checkpoint was signed over {signed.size} records, only {self.edge.size} are here"
            )
        for head in self._heads:
            sentence = f"tenant {head.tenant} had {head.tseq} records among {head.size}, only {self.edge.size} are here"
            self.verdict.add("tenant", None, sentence)
        self.verdict.size = self.edge.size
        self.verdict.root = self.edge.root()

    def _fields(self, index: int, body: bytes, columns: tuple[Any, ...] | None) -> None:
        verdict = self.verdict
        try:
            record = orjson.loads(body)
            at_us, kind, tenant, tseq = record["at"], record["kind"], record.get("tenant"), record.get("tseq")
            back = at_us < self._at_us
            expected = verdict.tenants.get(tenant, 0) + 1
        except (ValueError, KeyError, TypeError, AttributeError):
            verdict.add("format", index, f"record {index} is no record: its bytes cannot be read")
            return
        if columns is not None and columns != (at_us, kind, tenant, tseq, record.get("run")):
            verdict.add("columns", index, f"record {index} is filed under other columns than its bytes say")
        if back:
            verdict.add("time", index, f"record {index} was written at {at_us} µs, the one before at {self._at_us}")
        self._at_us = at_us
        if tenant is not None:
            if tseq != expected:
                verdict.add("tseq", index, f"record {index} is number {tseq} of tenant {tenant}, expected {expected}")
            verdict.tenants[tenant] = tseq if isinstance(tseq, int) else expected


def verify_book(where: Path | Place, verifiers: Sequence[Verifier], *, anchors: Iterable[Checkpoint] = ()) -> Verdict:
    """Verify a book against the log's public keys and, if given, checkpoints kept elsewhere.

    Works while an owner runs (up to the size at its start). Never raises for what the records contain; raises BookError
    if there is no file or the format is unknown.
    """
    with Reader.open(where) as reader:
        verdict = Verdict(reader.origin)
        try:
            _verify(reader, verifiers, anchors, verdict)
        except reader.place.errors as error:
            verdict.add("file", None, f"the file itself is damaged: {error}")
        return verdict


def _verify(reader: Reader, verifiers: Sequence[Verifier], anchors: Iterable[Checkpoint], verdict: Verdict) -> None:
    checkpoints = list(_checkpoints(reader, verifiers, verdict))
    verdict.checkpoints = len(checkpoints)
    verdict.signed_size = max((each.size for each in checkpoints), default=0)
    if not checkpoints and reader.size:
        verdict.add("unsigned", None, f"none of the {reader.size} records is under a checkpoint of a known key")
    walk = Walk(verdict, [*checkpoints, *anchors], list(_heads(reader, verifiers, verdict)))
    walk.compare()
    _walk_rows(reader, walk)
    walk.finish()
    _compare_upper_tiles(reader, verdict)


def _walk_rows(reader: Reader, walk: Walk) -> None:
    for start in range(0, reader.size, _PAGE_ROWS):
        page = list(reader.rows(start, start + _PAGE_ROWS, page=_PAGE_ROWS))
        for at in range(0, len(page), TILE_WIDTH):
            rows = page[at : at + TILE_WIDTH]
            walk.tile(rows)
            _compare_tile(reader, (start + at) // TILE_WIDTH, [row[1] for row in rows], walk.verdict)


def _checkpoints(reader: Reader, verifiers: Sequence[Verifier], verdict: Verdict) -> Iterator[Checkpoint]:
    for size, note in reader.db.execute("SELECT size, CAST(note AS BLOB) FROM book_checkpoint ORDER BY size"):
        try:
            signed = open_checkpoint(note, reader.origin, verifiers)
        except NoteRefused as error:
            verdict.add("signature", None, f"the checkpoint over {size} records does not hold: {error}")
            continue
        if signed.size == size:
            yield signed
        else:
            verdict.add("signature", None, f"the checkpoint over {signed.size} records is filed under {size}")


def _compare_tile(reader: Reader, number: int, hashes: list[bytes], verdict: Verdict) -> None:
    """Compare a stored level-0 tile with the leaf hashes beside the records."""
    row = reader.db.execute("SELECT CAST(hashes AS BLOB) FROM book_tile WHERE id = ?", (number,)).fetchone()
    if row is None:
        if len(hashes) == TILE_WIDTH:
            verdict.add("tile", None, f"the hash tile 0/{number} is missing")
        return
    if row[0] == b"".join(hashes):
        return
    for offset, (tiled, stored) in enumerate(zip(split_hashes(row[0]), hashes, strict=False)):
        if tiled != stored:
            index = number * TILE_WIDTH + offset
            verdict.add(
                "altered", index, f"record {index} was altered: its hash tile has {tiled.hex()}, it has {stored.hex()}"
            )


def _compare_upper_tiles(reader: Reader, verdict: Verdict) -> None:
    """Compare the tiles above level 0 with the tiles below them."""
    level = 1
    while verdict.size >> (TILE_HEIGHT * level):
        for index in range(verdict.size >> (TILE_HEIGHT * level)):
            number, offset = divmod(index, TILE_WIDTH)
            try:
                below = reader.nodes(TILE_HEIGHT * level, index), _from_below(reader, level, index)
            except BookDamaged as error:
                verdict.add("tile", None, str(error))
                return
            if below[0] != below[1]:
                verdict.add("tile", None, f"hash {offset} of tile {level}/{number} is not the root of the tile below")
        level += 1


def _from_below(reader: Reader, level: int, index: int) -> bytes:
    edge = Edge()
    for each in split_hashes(store.read_tile(reader.db, level - 1, index, TILE_WIDTH)):
        edge.append(each)
    return edge.root()


def _heads(reader: Reader, verifiers: Sequence[Verifier], verdict: Verdict) -> Iterator[Head]:
    """Yield the tenants' signed heads that hold."""
    for tenant, tseq, size, note in reader.db.execute("SELECT tenant, tseq, size, CAST(note AS BLOB) FROM book_head"):
        try:
            head = open_head(note, reader.origin, verifiers)
        except NoteRefused as error:
            verdict.add("signature", None, f"the head of tenant {tenant} does not hold: {error}")
            continue
        if (head.tenant, head.tseq, head.size) == (tenant, tseq, size):
            yield head
        else:
            verdict.add("signature", None, f"the head of tenant {head.tenant} is filed under {tenant}")
