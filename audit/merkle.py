"""RFC 6962 Merkle trees: hashing, the growing right edge, proofs and their verification.

    size 5:   root = H(1 ‖ N2 ‖ L4)                 H = SHA-256, L = H(0 ‖ entry)
              N2   = H(1 ‖ H(1 ‖ L0 ‖ L1) ‖ H(1 ‖ L2 ‖ L3))
              edge = [L4, None, N2]                 one complete subtree for each set bit of the size, by level

A node (level, index) covers the leaves index·2^level … (index+1)·2^level - 1. Pure functions: hashes come from a
`Nodes` callable, wherever they are kept.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from .errors import ProofRefused

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""(level, index) -> hash of that complete subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a growing tree: all that is needed to add leaves and to tell the root.

    `levels[k]` is the complete subtree of 2^k leaves at the edge, or None. Not safe for several threads.
    """

    __slots__ = ("levels", "size")

    def __init__(self, size: int = 0, nodes: Nodes | None = None) -> None:
        """Start empty, or at `size` with the edge read from `nodes`."""
        self.size = size
        self.levels: list[bytes | None] = []
        for level in range(size.bit_length()):
            if size >> level & 1 and nodes is not None:
                self.levels.append(nodes(level, (size >> level) - 1))
            else:
                self.levels.append(None)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; return the hashes of the subtrees that it completed, from the leaf (level 0) upwards."""
        levels = self.levels
        done = [leaf]
        node, level, size = leaf, 0, self.size
        while size >> level & 1:
            left = levels[level]
            levels[level] = None
            node = sha256(b"\x01" + left + node).digest()  # type: ignore[operator]
            done.append(node)
            level += 1
        if level == len(levels):
            levels.append(node)
        else:
            levels[level] = node
        self.size = size + 1
        return done

    def join(self, level: int, node: bytes) -> None:
        """Add a complete subtree of 2^level leaves at once; the size must be a multiple of that."""
        size = self.size >> level
        while size & 1:
            left = self.levels[level]
            self.levels[level] = None
            node = sha256(b"\x01" + left + node).digest()  # type: ignore[operator]
            self.size -= 1 << level
            size >>= 1
            level += 1
        self.levels += [None] * (level + 1 - len(self.levels))
        self.levels[level] = node
        self.size += 1 << level

    def root(self) -> bytes:
        """Root hash of the tree at this size; SHA-256 of nothing for the empty tree."""
        node: bytes | None = None
        for left in self.levels:
            if left is not None:
                node = left if node is None else node_hash(left, node)
        return EMPTY_ROOT if node is None else node


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over these leaf (or subtree) hashes."""
    edge = Edge()
    for each in hashes:
        edge.append(each)
    return edge.root()


def root_at(size: int, nodes: Nodes) -> bytes:
    """Root of the first `size` leaves."""
    return Edge(size, nodes).root()


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves (RFC 6962 §2.1.1), from the leaf upwards."""
    if not 0 <= index < size:
        raise ProofRefused(f"leaf {index} is not in a tree of {size}")
    return _path(index, 0, size, nodes)


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Proof that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 6962 §2.1.2)."""
    if not 0 <= old <= new:
        raise ProofRefused(f"a tree of {old} leaves cannot be a prefix of one of {new}")
    if old in (0, new):
        return []
    return _subproof(old, 0, new, nodes, complete=True)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check an audit path (RFC 9162 §2.1.3.2); raise ProofRefused if it does not lead to `root`."""
    if not 0 <= index < size:
        raise ProofRefused(f"leaf {index} is not in a tree of {size}")
    position, last, node = index, size - 1, leaf
    for each in proof:
        if last == 0:
            raise ProofRefused(f"an inclusion proof of {len(proof)} hashes is too long for leaf {index} of {size}")
        if position & 1 or position == last:
            node = node_hash(each, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, each)
        position >>= 1
        last >>= 1
    if last != 0:
        raise ProofRefused(f"an inclusion proof of {len(proof)} hashes is too short for leaf {index} of {size}")
    if node != root:
        raise ProofRefused(f"leaf {index} leads to root {node.hex()}, expected {root.hex()}")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that `new` extends `old` (RFC 9162 §2.1.4.2); raise ProofRefused if it does not."""
    if not 0 <= old <= new:
        raise ProofRefused(f"a tree of {old} leaves cannot be a prefix of one of {new}")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise ProofRefused(f"the trees of {old} and {new} leaves have contradicting roots or a needless proof")
        return
    hashes = list(proof)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofRefused(f"a consistency proof from {old} to {new} leaves must not be empty")
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            raise ProofRefused(f"a consistency proof of {len(proof)} hashes is too long for {old} to {new}")
        if position & 1 or position == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, each)
        position >>= 1
        last >>= 1
    if last != 0 or first != old_root or second != new_root:
        raise ProofRefused(f"the tree of {new} leaves does not extend the one of {old}: it is another history")


def _split(size: int) -> int:
    """Return the largest power of two below `size` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(start: int, end: int, nodes: Nodes) -> bytes:
    """Hash of leaves start … end - 1, a subtree of the RFC's recursion (start is aligned to its size)."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(size)
    return node_hash(_subtree(start, middle, nodes), _subtree(middle, end, nodes))


def _path(index: int, start: int, end: int, nodes: Nodes) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, nodes), _subtree(middle, end, nodes)]
    return [*_path(index, middle, end, nodes), _subtree(start, middle, nodes)]


def _subproof(old: int, start: int, end: int, nodes: Nodes, *, complete: bool) -> list[bytes]:
    """RFC 6962 §2.1.2 SUBPROOF(old, D[start:end], complete)."""
    if old == end:
        return [] if complete else [_subtree(start, end, nodes)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, nodes, complete=complete), _subtree(middle, end, nodes)]
    return [*_subproof(old, middle, end, nodes, complete=False), _subtree(start, middle, nodes)]
