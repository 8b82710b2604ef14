"""C2SP tlog-tiles: the tree's hashes in tiles of 256, and their paths (https://c2sp.org/tlog-tiles).

    tile/<L>/<N>[.p/<W>]         level L, tile N; each level stands 8 tree levels above the one below
    tile/entries/<N>[.p/<W>]     the entries of one level-0 tile, each behind its length in 16 bits

A full tile has 256 hashes (8,192 bytes) and never changes; the rightmost ones are partial, of width W.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from .errors import BookDamaged
from .merkle import HASH_BYTES, Edge, node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES
_PATH_BASE = 1000
_LENGTH_BYTES = 2

_MADE_MAX = 4_096
"""Hashes within tiles that are kept once they were computed: neighbours' proofs share most of them."""

ReadTile = Callable[[int, int, int], bytes]
"""(level, tile number, width) -> at least `width` hashes."""


def tile_path(level: int | None, number: int, width: int = TILE_WIDTH) -> str:
    """Path of a hash tile, or of an entry bundle if `level` is None."""
    parts = [f"{number % _PATH_BASE:03d}"]
    rest = number // _PATH_BASE
    while rest:
        parts.append(f"x{rest % _PATH_BASE:03d}")
        rest //= _PATH_BASE
    folder = "entries" if level is None else str(level)
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{folder}/{'/'.join(reversed(parts))}{partial}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Every (level, number, width) that a tree of `size` leaves has, the partial ones included."""
    level = 0
    while size >> (TILE_HEIGHT * level):
        full, width = divmod(size >> (TILE_HEIGHT * level), TILE_WIDTH)
        yield from ((level, number, TILE_WIDTH) for number in range(full))
        if width:
            yield level, full, width
        level += 1


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Entry bundle: each entry behind its length as a big-endian 16-bit integer."""
    return b"".join(len(each).to_bytes(_LENGTH_BYTES) + each for each in entries)


def unpack_entries(bundle: bytes) -> list[bytes]:
    """Read an entry bundle; raise BookDamaged if a length leads beyond its end."""
    entries, at = [], 0
    while at < len(bundle):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(bundle[start - _LENGTH_BYTES : start])
        if at > len(bundle):
            raise BookDamaged(f"an entry bundle of {len(bundle)} bytes ends inside an entry")
        entries.append(bundle[start:at])
    return entries


def split_hashes(tile: bytes) -> list[bytes]:
    """Cut a tile into its hashes."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def full_root(hashes: Sequence[bytes]) -> bytes:
    """Root over a power of two of hashes, level by level (faster than growing an edge)."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class TileNodes:
    """Hashes of complete subtrees, read out of tiles; the last `cached` tiles are kept. A `merkle.Nodes`.

    `size` is the size of the tree that the tiles belong to: it says how wide the rightmost ones are.
    """

    __slots__ = ("_cache", "_cached", "_made", "_read", "size")

    def __init__(self, size: int, read: ReadTile, *, cached: int = 64) -> None:
        self.size = size
        self._read = read
        self._cached = cached
        self._cache: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._made: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Hash of subtree (level, index); raise BookDamaged if the tile that holds it is missing or short."""
        made = self._made.get((level, index))
        if made is not None:
            return made
        tile_level, inner = divmod(level, TILE_HEIGHT)
        first = index << inner
        number, offset = divmod(first, TILE_WIDTH)
        tile = self._tile(tile_level, number)
        hashes = split_hashes(tile[offset * HASH_BYTES : (offset + (1 << inner)) * HASH_BYTES])
        if len(hashes) != 1 << inner:
            raise BookDamaged(f"{tile_path(tile_level, number)} ends before hash {offset + (1 << inner)}")
        if inner == 0:
            return hashes[0]
        if len(self._made) >= _MADE_MAX:
            self._made.clear()
        made = self._made[level, index] = full_root(hashes)
        return made

    def _tile(self, level: int, number: int) -> bytes:
        key = (level, number)
        tile = self._cache.get(key)
        if tile is None:
            width = min(TILE_WIDTH, (self.size >> (TILE_HEIGHT * level)) - number * TILE_WIDTH)
            tile = self._read(level, number, width)
            self._cache[key] = tile
            if len(self._cache) > self._cached:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return tile


class TiledTree:
    """A growing tree: its edge and its rightmost tiles, with the tiles that changed since they were last taken.

    Level-0 tiles are handed out when full, higher ones whenever they grow (once in 256 leaves).
    """

    __slots__ = ("_changed", "_tiles", "edge")

    def __init__(self, size: int, read: ReadTile) -> None:
        """Start at `size` leaves with the hashes that `read` returns."""
        self.edge = Edge(size, TileNodes(size, read))
        self._changed: dict[tuple[int, int], bytes] = {}
        self._tiles: list[bytearray] = [bytearray()]
        for level in range((max(size, 1).bit_length() - 1) // TILE_HEIGHT + 1):
            number, width = divmod(size >> (TILE_HEIGHT * level), TILE_WIDTH)
            tile = bytearray(read(level, number, width)[: width * HASH_BYTES] if width else b"")
            self._tiles[level : level + 1] = [tile]

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        done = self.edge.append(leaf)
        self._tiles[0] += leaf
        if len(done) > TILE_HEIGHT:
            self._raise(done)

    def take_changed(self) -> dict[tuple[int, int], bytes]:
        """Tiles to store, by (level, number), and forget them."""
        changed, self._changed = self._changed, {}
        return changed

    def _raise(self, done: list[bytes]) -> None:
        """Put the root of the level-0 tile that is now full into the tile above, and so on upwards."""
        size = self.edge.size
        for level in range((len(done) - 1) // TILE_HEIGHT + 1):
            if level == len(self._tiles):
                self._tiles.append(bytearray())
            tile = self._tiles[level]
            if level:
                tile += done[level * TILE_HEIGHT]
            number = ((size >> (level * TILE_HEIGHT)) - 1) >> TILE_HEIGHT
            self._changed[level, number] = bytes(tile)
            if len(tile) == TILE_BYTES:
                tile.clear()
