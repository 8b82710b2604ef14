"""Verify a published folder (publish.py) offline: its checkpoint, its tiles, and its records if they are in it.

It needs nothing but the files and the log's public key, from where the auditor trusts it (not from the folder).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from .checkpoint import Checkpoint, open_checkpoint
from .errors import BookDamaged, BookError, NoteRefused
from .merkle import HASH_BYTES, Edge, root_at
from .note import Verifier
from .tiles import TILE_WIDTH, TileNodes, split_hashes, tile_path, tiles_of, unpack_entries
from .verdict import Verdict
from .verify import Walk


def verify_folder(
    folder: Path, origin: str, verifiers: Sequence[Verifier], *, anchors: Iterable[Checkpoint] = ()
) -> Verdict:
    """Verify a folder in tlog-tiles layout; raise BookError if it has no checkpoint of this origin and key."""
    verdict = Verdict(origin)
    try:
        signed = open_checkpoint((folder / "checkpoint").read_bytes(), origin, verifiers)
    except (OSError, NoteRefused) as error:
        raise BookError(f"{folder} has no checkpoint to verify against: {error}") from error
    verdict.checkpoints = 1
    verdict.size = verdict.signed_size = signed.size
    walk = Walk(verdict, [signed, *anchors])
    with_entries = (folder / "tile" / "entries").is_dir()
    try:
        _tiles(folder, signed, verdict)
        for level, number, width in tiles_of(signed.size):
            if level == 0 and with_entries:
                _entries(folder, number, width, walk)
    except (OSError, BookDamaged) as error:
        verdict.add("file", None, f"the folder is not whole: {error}")
        return verdict
    if with_entries:
        walk.finish()
    return verdict


def read_tile(folder: Path, level: int, number: int, width: int) -> bytes:
    """Read a tile of a folder; raise BookDamaged if it has another width."""
    path = folder / tile_path(level, number, width)
    tile = path.read_bytes()
    if len(tile) != width * HASH_BYTES:
        raise BookDamaged(f"{path.name} of level {level} has {len(tile)} bytes, {width * HASH_BYTES} are needed")
    return tile


def _tiles(folder: Path, signed: Checkpoint, verdict: Verdict) -> None:
    """Compare each tile with the one below it, and the whole with the checkpoint."""
    nodes = TileNodes(signed.size, lambda level, number, width: read_tile(folder, level, number, width))
    root = root_at(signed.size, nodes)
    if root != signed.root:
        verdict.add("root", None, f"the hash tiles have root {root.hex()}, {signed.root.hex()} was signed")
    for level, number, width in tiles_of(signed.size):
        if level == 0:
            continue
        for offset, each in enumerate(split_hashes(read_tile(folder, level, number, width))):
            edge = Edge()
            below = number * TILE_WIDTH + offset
            for one in split_hashes(read_tile(folder, level - 1, below, TILE_WIDTH)):
                edge.append(one)
            if edge.root() != each:
                sentence = f"hash {offset} of {tile_path(level, number, width)} is not the root of the tile below"
                verdict.add("tile", None, sentence)


def _entries(folder: Path, number: int, width: int, walk: Walk) -> None:
    bundle = unpack_entries((folder / tile_path(None, number, width)).read_bytes())
    hashes = split_hashes(read_tile(folder, 0, number, width))
    if len(bundle) != width:
        raise BookDamaged(f"{tile_path(None, number, width)} has {len(bundle)} records, {width} are needed")
    for offset, (body, stored) in enumerate(zip(bundle, hashes, strict=True)):
        walk.leaf((number * TILE_WIDTH + offset, stored, body, None))
