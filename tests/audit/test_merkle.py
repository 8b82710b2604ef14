"""RFC 6962 trees against the well-known eight-leaf vectors of certificate transparency, and against a naive tree."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle
from audit.errors import ProofRefused
from audit.merkle import Edge

ENTRIES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [merkle.leaf_hash(each) for each in ENTRIES]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, written down as it stands there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return merkle.node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def nodes_of(leaves: list[bytes]) -> merkle.Nodes:
    return lambda level, index: naive_root(leaves[index << level : (index + 1) << level])


def numbered(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(each).encode()) for each in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_eight_leaf_tree(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]).hex() == ROOTS[size]
    assert merkle.root_at(size, nodes_of(LEAVES)).hex() == ROOTS[size]


def test_the_published_inclusion_proof_of_leaf_five_is_reproduced() -> None:
    proof = merkle.inclusion_proof(5, 8, nodes_of(LEAVES))
    assert [each.hex() for each in proof] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_the_published_consistency_proof_from_six_to_eight_is_reproduced() -> None:
    proof = merkle.consistency_proof(6, 8, nodes_of(LEAVES))
    assert [each.hex() for each in proof] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_every_proof_in_every_tree_up_to_twenty_leaves_verifies() -> None:
    leaves = numbered(20)
    nodes = nodes_of(leaves)
    for size in range(1, 21):
        root = naive_root(leaves[:size])
        for index in range(size):
            merkle.verify_inclusion(index, size, leaves[index], merkle.inclusion_proof(index, size, nodes), root)
        for old in range(size + 1):
            proof = merkle.consistency_proof(old, size, nodes)
            merkle.verify_consistency(old, size, naive_root(leaves[:old]), root, proof)


@given(st.data())
def test_a_proof_with_one_altered_added_or_dropped_hash_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 40))
    leaves = numbered(size)
    nodes, root = nodes_of(leaves), naive_root(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    inclusion = merkle.inclusion_proof(index, size, nodes)
    consistency = merkle.consistency_proof(old, size, nodes)

    def spoil(proof: list[bytes]) -> list[bytes]:
        at = data.draw(st.integers(0, len(proof) - 1))
        how = data.draw(st.sampled_from(["alter", "add", "drop"]))
        if how == "alter":
            return [*proof[:at], sha256(proof[at]).digest(), *proof[at + 1 :]]
        return [*proof, root] if how == "add" else [*proof[:at], *proof[at + 1 :]]

    with pytest.raises(ProofRefused):
        merkle.verify_inclusion(index, size, leaves[index], spoil(inclusion), root)
    with pytest.raises(ProofRefused):
        merkle.verify_consistency(old, size, naive_root(leaves[:old]), root, spoil(consistency))


@given(st.integers(0, 70), st.integers(0, 70))
def test_an_edge_taken_up_at_any_size_grows_into_the_same_tree(start: int, more: int) -> None:
    leaves = numbered(start + more)
    edge = Edge(start, nodes_of(leaves))
    for each in leaves[start:]:
        edge.append(each)
    assert (edge.size, edge.root()) == (start + more, naive_root(leaves))


@given(st.integers(0, 9), st.lists(st.integers(0, 4), max_size=12))
def test_subtrees_joined_whole_make_the_same_tree_as_their_leaves(start: int, levels: list[int]) -> None:
    one, whole = Edge(), Edge()
    count = iter(range(1_000))
    for _ in range(start << 4):
        leaf = merkle.leaf_hash(b"%d" % next(count))
        one.append(leaf)
        whole.append(leaf)
    for level in sorted(levels, reverse=True):
        leaves = [merkle.leaf_hash(b"%d" % next(count)) for _ in range(1 << level)]
        for leaf in leaves:
            one.append(leaf)
        whole.join(level, merkle.root_of(leaves))
    assert (one.root(), one.size) == (whole.root(), whole.size)


def test_questions_about_leaves_and_trees_that_cannot_be_are_refused() -> None:
    nodes, root = nodes_of(LEAVES), bytes.fromhex(ROOTS[8])
    with pytest.raises(ProofRefused, match="leaf 8 is not in a tree of 8"):
        merkle.inclusion_proof(8, 8, nodes)
    with pytest.raises(ProofRefused, match="leaf 8 is not in a tree of 8"):
        merkle.verify_inclusion(8, 8, LEAVES[0], [], root)
    with pytest.raises(ProofRefused, match="9 leaves cannot be a prefix of one of 8"):
        merkle.consistency_proof(9, 8, nodes)
    with pytest.raises(ProofRefused, match="9 leaves cannot be a prefix of one of 8"):
        merkle.verify_consistency(9, 8, root, root, [])
    with pytest.raises(ProofRefused, match="needless"):
        merkle.verify_consistency(8, 8, root, root, [root])
    with pytest.raises(ProofRefused, match="contradicting"):
        merkle.verify_consistency(0, 8, root, root, [])
    with pytest.raises(ProofRefused, match="must not be empty"):
        merkle.verify_consistency(6, 8, root, root, [])


def corrupted(proof: list[bytes], *roots: bytes) -> list[list[bytes]]:
    """Return the proof as the published vectors spoil it: emptied, a bit turned, cut, with garbage or a root beside."""
    turned = [[*proof[:at], bytes([each[0] ^ 0x10]) + each[1:], *proof[at + 1 :]] for at, each in enumerate(proof)]
    beside = [each for more in (b"", b"\x10", proof[0], *roots) for each in ([*proof, more], [more, *proof])]
    return [[], proof[:-1], *turned, *beside]


@pytest.mark.parametrize(("leaf", "size"), [(0, 8), (5, 8), (2, 3), (1, 5)])
def test_the_published_inclusion_proofs_hold_and_none_of_the_published_ways_to_spoil_them_does(
    leaf: int, size: int
) -> None:
    proof = merkle.inclusion_proof(leaf, size, nodes_of(LEAVES))
    root = bytes.fromhex(ROOTS[size])
    merkle.verify_inclusion(leaf, size, LEAVES[leaf], proof, root)
    places = [(leaf - 1, size), (leaf + 1, size), (leaf ^ 2, size), (leaf, size * 2), (leaf, size // 2)]
    others = [(*place, LEAVES[leaf], proof, root) for place in places]
    others += [(leaf, size, sha256(b"").digest(), proof, root), (leaf, size, LEAVES[leaf], proof, merkle.EMPTY_ROOT)]
    others += [(leaf, size, LEAVES[leaf], each, root) for each in corrupted(proof, root)]
    for other in others:
        with pytest.raises(ProofRefused):
            merkle.verify_inclusion(*other)


@pytest.mark.parametrize(("old", "new"), [(1, 8), (6, 8), (2, 5), (6, 7)])
def test_the_published_consistency_proofs_hold_and_none_of_the_published_ways_to_spoil_them_does(
    old: int, new: int
) -> None:
    proof = merkle.consistency_proof(old, new, nodes_of(LEAVES))
    one, two = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new])
    merkle.verify_consistency(old, new, one, two, proof)
    sizes = [(old - 1, new), (old + 1, new), (old ^ 2, new), (old, new * 2), (old, new // 2)]
    others = [(*each, one, two, proof) for each in sizes]
    others += [(old, new, merkle.EMPTY_ROOT, two, proof), (old, new, one, merkle.EMPTY_ROOT, proof)]
    others += [(old, new, two, one, proof), *((old, new, one, two, each) for each in corrupted(proof, one, two))]
    for other in others:
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(*other)
