"""The tables of the book inside its SQLite file. All are named `book_…`: the rest of the file is its user's `state`.

No index but the leaf's own number: each further one costs 1 to 5 µs a record. Searching has its own file (search.py).


book_leaf        a record: the bytes that are hashed, their leaf hash, and columns copied from them for searching
book_tile        hash tiles (tiles.py), key = level << 48 | number; level 0 when full, higher ones as they grow
book_checkpoint  every signed checkpoint, by size
book_tenant      each tenant's last tseq as of the last checkpoint; later ones are read from the leaves
book_head        the last signed head of each tenant (heads.py)
book_payload     encrypted payloads beside the log, by the leaf's index
book_key         wrapped keys of tenants and subjects; a shredded key keeps its row and loses its bytes
book_hold        tenants under legal hold: nothing of theirs is destroyed
book_meta        format version, origin, whether the last owner closed the book
"""

FORMAT = 1

TABLES = (
    """CREATE TABLE IF NOT EXISTS book_leaf(
        idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, body BLOB NOT NULL, at_us INTEGER NOT NULL, kind TEXT NOT NULL,
        tenant TEXT, tseq INTEGER, run TEXT)""",
    "CREATE TABLE IF NOT EXISTS book_tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL)",
    """CREATE TABLE IF NOT EXISTS book_checkpoint(
        size INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, note BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS book_tenant(
        tenant TEXT PRIMARY KEY, tseq INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS book_head(
        tenant TEXT PRIMARY KEY, tseq INTEGER NOT NULL, size INTEGER NOT NULL, note BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS book_payload(
        idx INTEGER PRIMARY KEY, key INTEGER NOT NULL, at_us INTEGER NOT NULL, sealed BLOB NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS book_payload_key ON book_payload(key)",
    """CREATE TABLE IF NOT EXISTS book_key(
        id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, owner TEXT NOT NULL, wrapped BLOB, made_us INTEGER NOT NULL,
        shredded_us INTEGER)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS book_key_living ON book_key(tenant, owner) WHERE shredded_us IS NULL",
    "CREATE TABLE IF NOT EXISTS book_hold(tenant TEXT PRIMARY KEY, since_us INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS book_meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
)

LEAF_COLUMNS = 8
TILE_LEVEL_SHIFT = 48
