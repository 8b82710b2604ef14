"""Hash tiles: paths, widths and entry bundles of the C2SP specification."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import tiles
from audit.errors import BookDamaged
from audit.merkle import inclusion_proof, leaf_hash, root_of, verify_inclusion
from audit.tiles import TiledTree, TileNodes


def test_paths_are_those_of_the_specification() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path(2, 0, 1) == "tile/2/000.p/1"
    assert tiles.tile_path(None, 273, 112) == "tile/entries/273.p/112"


def test_a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts() -> None:
    found = list(tiles.tiles_of(70_000))
    assert len([each for each in found if each[0] == 0 and each[2] == 256]) == 273
    assert [each for each in found if each[2] != 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles.tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]


@given(st.lists(st.binary(max_size=300)))
def test_entry_bundles_are_read_back_equal(entries: list[bytes]) -> None:
    assert tiles.unpack_entries(tiles.pack_entries(entries)) == entries


def test_a_cut_entry_bundle_is_refused() -> None:
    with pytest.raises(BookDamaged, match="ends inside an entry"):
        tiles.unpack_entries(b"\x00\x05abc")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 66_000), st.integers(0, 600))
def test_a_tree_taken_up_from_its_tiles_anywhere_goes_on_as_if_never_stopped(start: int, more: int) -> None:
    leaves = [leaf_hash(str(each).encode()) for each in range(start + more)]
    stored: dict[tuple[int, int], bytes] = {}

    def read(level: int, number: int, width: int) -> bytes:
        if level == 0 and (level, number) not in stored:
            return b"".join(leaves[number * 256 : number * 256 + width])
        return stored[level, number]

    first = TiledTree(0, read)
    for each in leaves[:start]:
        first.append(each)
    stored.update(first.take_changed())
    second = TiledTree(start, read)
    for each in leaves[start:]:
        second.append(each)
    stored.update(second.take_changed())
    assert second.edge.root() == root_of(leaves)
    for level, number, width in tiles.tiles_of(start + more):
        if level == 0 and width < 256:
            continue
        nodes = TileNodes(start + more, read)
        tile = b"".join(nodes(level * 8, number * 256 + each) for each in range(width))
        assert tile == stored[level, number][: width * 32]


def test_a_missing_hash_is_damage() -> None:
    with pytest.raises(BookDamaged, match="tile/0/000 ends before hash 2"):
        TileNodes(2, lambda _level, _number, _width: b"h" * 32, cached=0)(1, 0)


def test_only_the_latest_tiles_are_kept_in_memory() -> None:
    asked: list[int] = []

    def read(_level: int, number: int, width: int) -> bytes:
        asked.append(number)
        return b"h" * 32 * width

    nodes = TileNodes(1024, read, cached=2)
    for index in (0, 1, 256, 0, 512, 256, 0):
        nodes(0, index)
    assert asked == [0, 1, 2, 1, 0]


def test_proofs_of_all_leaves_share_their_hashes_within_a_bound() -> None:
    leaves = [leaf_hash(b"%d" % each) for each in range(9_000)]
    tree = TiledTree(0, lambda *_: b"")
    for leaf in leaves:
        tree.append(leaf)
    kept = tree.take_changed()
    kept[0, 9_000 >> 8] = b"".join(leaves[9_000 >> 8 << 8 :])
    nodes = TileNodes(9_000, lambda level, number, _: kept[level, number])
    root = tree.edge.root()
    for index in range(0, 9_000, 2):
        verify_inclusion(index, 9_000, leaves[index], inclusion_proof(index, 9_000, nodes), root)
