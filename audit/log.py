"""What a writer knows of the log: the growing tree, each tenant's last number, what is signed and what is not yet.

It is read from what is durable, grows with what is appended, and on a shared log follows what other writers appended.
After a failed commit it is thrown away and read anew: what it believes may not be what is on the disk.
"""

from functools import partial
from itertools import islice

from . import store
from .checkpoint import Checkpoint, open_checkpoint
from .database import Database
from .errors import BookDamaged
from .heads import Head
from .merkle import EMPTY_ROOT, root_at
from .note import Signer
from .place import Tip
from .tiles import TiledTree, TileNodes

FOLLOWED_MAX = 20_000
"""Records of other writers that are taken in one by one; beyond that, the log is read anew."""
NOTHING = Tip(0, EMPTY_ROOT, 0, 0, 0.0, 0)
_PUT_HEAD = """INSERT INTO book_head VALUES(?, ?, ?, ?)
    ON CONFLICT(tenant) DO UPDATE SET tseq = excluded.tseq, size = excluded.size, note = excluded.note"""


class Log:
    """The log as of the open transaction. For the writer's thread."""

    __slots__ = ("_origin", "_signer", "_unsigned", "changed", "last_us", "signed_size", "told", "tree", "tseq")

    def __init__(self, db: Database, signer: Signer, origin: str, told: Tip = NOTHING) -> None:
        """Read the log; raise BookDamaged if it does not contain its last checkpoint, or what was `told` to callers."""
        self._signer = signer
        self._origin = origin
        self.told = told
        size = store.tree_size(db)
        read = partial(store.read_tile, db)
        self.tree = TiledTree(size, read)
        newest = db.execute("SELECT at_us FROM book_leaf WHERE idx = ?", (size - 1,)).fetchone()
        self.last_us = int(newest[0]) if size else 0
        last = store.last_checkpoint(db)
        self.signed_size = 0 if last is None else last[0]
        self.tseq, later = store.tenant_tseqs(db, self.signed_size)
        self.changed: dict[str, int] = dict.fromkeys(later, size)
        self._unsigned: dict[str, int] = dict(self.changed)
        nodes = TileNodes(size, read)
        if told.size > size or (told.size and root_at(told.size, nodes) != told.root):
            raise BookDamaged(f"the {told.size} records that were acknowledged are not all in the log's {size}")
        if last is None:
            return
        signed = open_checkpoint(last[1], origin, signer.verifiers)
        if signed.size > size:
            raise BookDamaged(f"the book has {size} records, its last checkpoint was signed over {signed.size}")
        root = root_at(signed.size, nodes)
        if root != signed.root:
            raise BookDamaged(
                f"the first {signed.size} records have root {root.hex()}, the checkpoint says {signed.root.hex()}"
            )

    @property
    def size(self) -> int:
        """Number of records."""
        return self.tree.edge.size

    def tip(self) -> Tip:
        """Return where the log ends."""
        return Tip(self.size, self.tree.edge.root(), self.last_us, self.signed_size, 0.0, 0)

    def add(self, leaf: bytes, tenant: str | None, tseq: int | None) -> None:
        """Append a record's leaf hash, and its number within its tenant."""
        if tenant is not None and tseq is not None:
            self.tseq[tenant] = tseq
            self.changed[tenant] = self.size
        self.tree.append(leaf)

    def follow(self, db: Database, tip: Tip) -> bool:
        """Take in what other writers appended up to the tip; tell whether something was erased.

        Raises BookDamaged if the log forked, or lost what this writer was told.
        """
        erased = False
        for leaf, kind, tenant, tseq in store.marks(db, self.size, tip.size):
            self.add(leaf, tenant, tseq)
            erased = erased or kind == "erasure"
        self.tree.take_changed()  # whoever wrote these leaves has stored their tiles
        self.last_us = max(self.last_us, tip.at_us)
        self.check(tip)
        if tip.signed_size > self.signed_size:
            self.signed_size = tip.signed_size
            self.changed = {tenant: index for tenant, index in self.changed.items() if index >= tip.signed_size}
        return erased

    def check(self, tip: Tip) -> None:
        """Raise BookDamaged if the log does not end at its tip."""
        size, root = self.size, self.tree.edge.root()
        if (size, root) != tip[:2]:
            expected = f"{tip.size} records with root {tip.root.hex()}"
            raise BookDamaged(f"the log should have {expected}, it has {size} with {root.hex()}")

    def sign(self, db: Database, heads_max: int | None) -> None:
        """Store a checkpoint over the log, and heads of the tenants that wrote since the last one (None: of all)."""
        size, root = self.size, self.tree.edge.root()
        note = Checkpoint(self._origin, size, root).sign(self._signer).encode()
        db.execute("INSERT INTO book_checkpoint VALUES(?, ?, ?)", (size, self.last_us, note))
        store.put_tenants(db, {tenant: self.tseq[tenant] for tenant in self.changed}, size)
        unsigned = {**self._unsigned, **self.changed}
        for tenant in islice(unsigned, heads_max):
            head = Head(self._origin, tenant, self.tseq[tenant], size, root)
            db.execute(_PUT_HEAD, (tenant, head.tseq, size, head.sign(self._signer).encode()))
        self.signed_size = size
        self.changed = {}
        self._unsigned = dict.fromkeys(islice(unsigned, heads_max, None) if heads_max is not None else (), size)
