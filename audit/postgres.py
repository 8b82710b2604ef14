"""A book on a PostgreSQL server, written by several processes: one log, no forks.

    BEGIN · SELECT … FROM book_tip FOR UPDATE ──▶ this writer's turn: it sees all that others committed
      └─ leaves, tiles, state changes · UPDATE book_tip ──▶ COMMIT, flushed by the server ──▶ next writer's turn

Durability: each connection asks for `synchronous_commit = on` (a stricter setting of the server's stays) and refuses a
server that runs without fsync, or that is a standby. Trust: whoever may write to these tables may do what the owner of
a book's file may do; anchors are for that. Waits are bounded on both sides: a writer that falls silent within its turn
is disconnected by the server.

The book's SQL is SQLite's; what PostgreSQL spells differently is put in its words here: ? and :name, BLOB, INTEGER,
WITHOUT ROWID.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from . import store
from .database import Database
from .errors import BookError, BookUnavailable
from .merkle import EMPTY_ROOT
from .place import Tip
from .schema import TABLES

CONNECT_S_MAX = 5
"""psycopg takes whole seconds, at least 2."""
READ_S_MAX = 300
"""For one statement of a reader."""

_WORDS = re.compile(r"\?|:([a-z_]+)|\bBLOB\b|\bINTEGER\b|\bWITHOUT ROWID\b|%")
_IN_POSTGRES = {"?": "%s", "%": "%%", "BLOB": "BYTEA", "INTEGER": "BIGINT", "WITHOUT ROWID": ""}
_LOCK = 0x746F_6C6C_686F_7573
"""The advisory lock under which tables are made."""
_TIP = """CREATE TABLE IF NOT EXISTS book_tip(
    one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL, at_us INTEGER NOT NULL,
    signed_size INTEGER NOT NULL, signed_at TIMESTAMPTZ NOT NULL, generation INTEGER NOT NULL)"""
_MADE = "made by"
"""Names the digest of the statements that made the tables: while it is the same they need no look."""
_GET_MADE = "SELECT value FROM book_meta WHERE name = ?"
_PUT_MADE = "INSERT INTO book_meta VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"
_FIRST = "INSERT INTO book_tip VALUES(1, 0, ?, 0, 0, clock_timestamp(), 1) ON CONFLICT DO NOTHING"
_TURN = """SELECT size, root, at_us, signed_size,
    CAST(extract(epoch FROM clock_timestamp() - signed_at) AS FLOAT8), generation
    FROM book_tip FOR UPDATE"""
_MOVE = """UPDATE book_tip SET size = ?, root = ?, at_us = ?, signed_size = ?,
    signed_at = CASE WHEN signed_size = ? THEN signed_at ELSE clock_timestamp() END"""


class Session:
    """One connection, as a `Database`. A reader's connects anew when it was lost; a writer's is thrown away then."""

    def __init__(self, url: str, *, read_only: bool, answer_s_max: int) -> None:
        self._url = url
        self._answer_s_max = answer_s_max
        self._read_only = read_only
        self._spelt: dict[str, str] = {}  # the program's statements: as many as it has
        self._conn = self._connected()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        conn = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=CONNECT_S_MAX,
            application_name="tollhouse",
            keepalives_idle=self._answer_s_max,
            tcp_user_timeout=self._answer_s_max * 1_000,
        )
        try:
            for name, value in self._settings().items():
                conn.execute("SELECT set_config(%s, %s, false)", (name, value))
            if not self._read_only:
                _check_durable(conn)
        except BaseException:
            conn.close()
            raise
        return conn

    def _settings(self) -> dict[str, str]:
        if self._read_only:
            return {"default_transaction_read_only": "on", "statement_timeout": f"{READ_S_MAX}s"}
        limit = f"{self._answer_s_max}s"
        return {"statement_timeout": limit, "lock_timeout": limit, "idle_in_transaction_session_timeout": limit}

    def execute(self, sql: str, parameters: Any = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        """Execute one statement."""
        try:
            return self._conn.execute(self._in_postgres(sql), parameters, binary=True)
        except psycopg.OperationalError:
            if not (self._read_only and self._conn.broken):
                raise
        self._conn = self._connected()
        return self._conn.execute(self._in_postgres(sql), parameters, binary=True)

    def executemany(self, sql: str, parameters: Any, /) -> None:
        """Execute one statement for each row of parameters."""
        with self._conn.cursor() as cursor:
            cursor.executemany(self._in_postgres(sql), parameters)

    def _in_postgres(self, sql: str) -> str:
        spelt = self._spelt.get(sql)
        if spelt is None:
            spelt = self._spelt[sql] = in_postgres(sql)
        return spelt

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, failed or not."""
        return self._conn.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()


def in_postgres(sql: str) -> str:
    """Return a statement of the book, or of what shares its database, in PostgreSQL's words."""
    return _WORDS.sub(lambda word: f"%({word[1]})s" if word[1] else _IN_POSTGRES[word[0]], sql)


def _check_durable(conn: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Raise BookError if what this connection commits might be lost."""
    row = conn.execute(
        "SELECT current_setting('synchronous_commit'), current_setting('fsync'), pg_is_in_recovery()"
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    if row[0] != "remote_apply":
        conn.execute("SET synchronous_commit = on")
    if row[1] != "on" or row[2]:
        why = "is a standby: it takes no writes" if row[2] else "runs with fsync = off: what it commits may be lost"
        raise BookError(f"the PostgreSQL server {why}; the book is not written there")


class Server:
    """A database on a server, by its postgresql:// address. It holds one book, and what shares it.

    `answer_s_max` bounds one statement of a writer, waiting for its turn included, and its silence within its turn.
    """

    errors: type[Exception] = psycopg.Error
    shared = True

    def __init__(self, url: str, *, answer_s_max: int = 10) -> None:
        self._url = url
        self._answer_s_max = answer_s_max

    def __repr__(self) -> str:
        return "<Server of a book>"  # the address may hold a password

    def own(self) -> None:
        """Keep nobody away: writers take turns."""

    def connect(self, *, read_only: bool = False) -> Session:
        """Connect; raise BookUnavailable if the server does not answer, BookError if it keeps no promises."""
        try:
            return Session(self._url, read_only=read_only, answer_s_max=self._answer_s_max)
        except psycopg.Error as error:
            raise BookUnavailable(f"the PostgreSQL server of the book cannot be reached: {_said(error)}") from error

    def prepare(self, db: Database, origin: str, schema: Sequence[str]) -> None:
        """Make the tables that are missing, one process at a time; nothing is locked if none is."""
        db.execute("BEGIN")
        db.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        made = hashlib.sha256("\0".join((*TABLES, _TIP, *schema)).encode()).hexdigest()
        (is_there,) = db.execute("SELECT to_regclass('book_tip') IS NOT NULL").fetchone()
        if is_there:
            db.execute(_TURN)
        if not is_there or db.execute(_GET_MADE, (_MADE,)).fetchone() != (made,):
            store.make_tables(db, origin, (_TIP, *schema))
            db.execute(_FIRST, (EMPTY_ROOT,))
            db.execute(_PUT_MADE, (_MADE, made))
        db.execute("COMMIT")
        store.check_meta(db, origin)

    def begin(self, db: Database) -> Tip:
        """Take the turn: nobody else writes until the transaction ends."""
        db.execute("BEGIN")
        return Tip(*db.execute(_TURN).fetchone())

    def commit(self, db: Database, tip: Tip, /) -> None:
        """Move the tip and commit."""
        db.execute(_MOVE, (tip.size, tip.root, tip.at_us, tip.signed_size, tip.signed_size))
        db.execute("COMMIT")

    def recover(self, db: Database) -> None:
        """Nothing is left to do: the server has recovered by itself before it answers."""

    def write_through(self, db: Database) -> None:
        """Write the table of keys anew, so that no destroyed one is in it; the server's log and backups keep them."""
        db.execute("VACUUM (FULL) book_key")


def _said(error: psycopg.Error) -> str:
    """Return an error in one line."""
    return " ".join(str(error).split()) or type(error).__name__
