"""Write the log as static files in the tlog-tiles layout: what an auditor, a monitor or a web server takes as it is.

    <folder>/checkpoint              the last signed checkpoint
    <folder>/key.vkey                the log's public key, as golang.org/x/mod/sumdb/note reads it
    <folder>/tile/<L>/<N>[.p/<W>]    hash tiles, partial ones included; may be public
    <folder>/tile/entries/<N>…       the records themselves; not public, left out unless asked for

Full tiles are immutable: publishing again writes only what is new. The checkpoint comes last, so that whoever reads it
finds everything that it covers.
"""

from pathlib import Path

from . import store
from .checkpoint import from_text
from .errors import BookError
from .merkle import HASH_BYTES
from .note import Verifier, parse
from .reader import Reader
from .tiles import TILE_WIDTH, pack_entries, tile_path, tiles_of


def publish(reader: Reader, folder: Path, verifier: Verifier, *, entries: bool = False) -> int:
    """Bring the folder up to the last checkpoint; return its size. Raises BookError if there is no checkpoint yet."""
    if reader.checkpoint is None:
        raise BookError("the book has no signed checkpoint yet; it gets one when it is closed, or within seconds")
    size = from_text(parse(reader.checkpoint).text).size
    for level, number, width in tiles_of(size):
        path = folder / tile_path(level, number, width)
        if not path.exists():
            _write(path, store.read_tile(reader.db, level, number, width)[: width * HASH_BYTES])
        if entries and level == 0:
            bundle = folder / tile_path(None, number, width)
            if not bundle.exists():
                first = number * TILE_WIDTH
                _write(bundle, pack_entries([body for _, body in reader.records(first, first + width)]))
    _write(folder / "key.vkey", verifier.vkey().encode() + b"\n")
    _write(folder / "checkpoint", reader.checkpoint)
    return size


def _write(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)
