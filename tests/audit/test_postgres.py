"""A book that several processes write: one log whatever happens to them or to the server."""

import os
import random
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from audit.append import BookLimits
from audit.book import Book
from audit.errors import BookError, BookUnavailable, Fenced, KeyMissing, Shredded, StatementFailed
from audit.keeping import Keeping
from audit.master import MasterKey
from audit.payload import Payload
from audit.postgres import Server, in_postgres
from audit.reader import Reader
from audit.verify import verify_book
from tests.audit.opening import SCHEMA, SIGNER, record
from tests.servers.live import Postgres

MASTER = MasterKey(b"m" * 32)
CHILD = Path(__file__).with_name("shared_child.py")
WRITERS = 4
KILLS = int(os.environ.get("TOLLHOUSE_CRASHES", "12")) // 2


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.database()


def opened(place: Server, **more: object) -> Book:
    return Book.open(place, signer=SIGNER, schema=SCHEMA, master=MASTER, **more)  # type: ignore[arg-type]


def child(url: str, count: int = 0) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(CHILD.parents[2])}
    command = [sys.executable, str(CHILD), url, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def promised(said: bytes) -> list[tuple[int, str, str]]:
    """Return what a child was promised: index, leaf hash, name."""
    whole = [line.decode().split() for line in said.splitlines(keepends=True) if line.endswith(b"\n")]
    return [(int(index), leaf, name) for index, leaf, name in whole]


def check_all_there(url: str, acknowledged: list[tuple[int, str, str]]) -> None:
    with Reader.open(Server(url)) as reader:
        found = {row[0]: row[1].hex() for row in reader.rows()}
        changed = {row[0] for row in reader.db.execute("SELECT name FROM thing")}
        assert [each for each in acknowledged if found.get(each[0]) != each[1]] == []
        assert {name for _, _, name in acknowledged} <= changed
        assert sum(row[4] == "intent" for row in reader.rows()) == len(changed)


def test_the_words_that_differ_are_put_in_postgres_words() -> None:
    assert in_postgres("SELECT CAST(a AS BLOB) FROM b WHERE c = ? AND d LIKE 'x%'") == (
        "SELECT CAST(a AS BYTEA) FROM b WHERE c = %s AND d LIKE 'x%%'"
    )
    assert in_postgres("idx > :last AND x = :end_us") == "idx > %(last)s AND x = %(end_us)s"
    assert in_postgres("CREATE TABLE a(b INTEGER, c BLOB) WITHOUT ROWID").split() == (
        ["CREATE", "TABLE", "a(b", "BIGINT,", "c", "BYTEA)"]
    )


def test_four_processes_write_one_tree_that_the_verifier_accepts(url: str) -> None:
    writers = [child(url, 480) for _ in range(WRITERS)]
    said = [writer.communicate(timeout=60)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    acknowledged = [each for one in said for each in promised(one)]
    assert sorted(index for index, _, _ in acknowledged) == list(range(480 * WRITERS))
    check_all_there(url, acknowledged)
    writer_of = [name.partition("-")[0] for _, _, name in sorted(acknowledged)]
    assert sum(here != there for here, there in pairwise(writer_of)) >= WRITERS  # they did take turns
    verdict = verify_book(Server(url), [SIGNER.verifier])
    assert (verdict.ok, verdict.size, verdict.signed_size) == (True, 1920, 1920), verdict.sentences()
    assert verdict.tenants == {"t0": 720, "t1": 600, "t2": 600}


def test_a_writer_killed_at_any_moment_takes_no_acknowledged_record_along(url: str) -> None:
    dice = random.Random(4)
    writers = [child(url) for _ in range(2)]
    said: list[bytes] = []
    for turn in range(KILLS):
        victim = writers.pop(0)
        assert victim.stdout is not None
        said.append(victim.stdout.readline())
        time.sleep(dice.uniform(0.0, 0.3))  # when it is killed must not depend on what it does
        victim.kill()
        said[-1] += victim.stdout.read()
        victim.communicate()
        if turn < KILLS - 2:
            writers.append(child(url))
    acknowledged = [each for one in said for each in promised(one)]
    assert len(acknowledged) > KILLS
    told = verify_book(Server(url), [SIGNER.verifier])
    assert {each.kind for each in told.problems} <= {"unsigned"}, told.sentences()
    with opened(Server(url)) as book:
        book.append_now({"kind": "admin"}, tenant=None)  # its turn comes after that of the last one killed
    check_all_there(url, acknowledged)
    assert verify_book(Server(url), [SIGNER.verifier]).ok


def test_a_server_that_goes_fails_every_append_and_one_that_comes_back_is_written_without_a_restart() -> None:
    with Postgres(durable=True) as server:
        place = Server(server.url)
        with opened(place) as book:
            first = book.append_now(record(), tenant="a")
            server.kill()
            for _ in range(2):
                with pytest.raises(BookUnavailable, match="the book could not be written"):
                    book.append_now(record(), tenant="a")
            assert book.failure
            with pytest.raises(psycopg.OperationalError):
                book.query("SELECT 1")
            server.start()
            assert book.append_now(record(), tenant="a").index == first.index + 1
            assert book.query("SELECT count(*) FROM book_leaf") == [(2,)]
            assert [book.failure] == [None]
        assert verify_book(place, [SIGNER.verifier]).ok
    with pytest.raises(BookUnavailable, match="cannot be reached"):
        opened(place)


def test_an_idle_book_is_ready_again_once_its_server_is(url: str) -> None:
    with opened(Server(url), limits=BookLimits(checkpoint_every_s=0.05)) as book:
        book.append_now(record(), tenant="a")
        for _ in range(50):  # the book's own signing may meet the broken connection first, and mend it
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            try:
                book.append_now(record(), tenant="a")
            except BookUnavailable:
                break
        else:
            pytest.fail("no append met a broken connection")
        ends = time.monotonic() + 10
        while book.failure is not None and time.monotonic() < ends:
            time.sleep(0.01)
        assert book.failure is None


def test_whoever_does_not_end_its_turn_costs_the_others_a_bounded_wait(url: str) -> None:
    with opened(Server(url, answer_s_max=1)) as book, psycopg.connect(url) as slow:
        book.append_now(record(), tenant="a")
        slow.execute("SELECT * FROM book_tip FOR UPDATE")
        with pytest.raises(BookUnavailable, match="timeout"):
            book.append_now(record(), tenant="a")
        slow.rollback()
        assert book.append_now(record(), tenant="a").tseq == 2


def test_a_log_that_lost_what_was_acknowledged_is_not_written_to(url: str) -> None:
    with opened(Server(url)) as book:
        for _ in range(3):
            book.append_now(record(), tenant="a")
        with psycopg.connect(url, autocommit=True) as conn:
            (before,) = conn.execute("SELECT root FROM book_tip").fetchone() or (b"",)
            conn.execute("UPDATE book_tip SET root = %s", (b"x" * 32,))
            with pytest.raises(BookUnavailable, match="should have 3 records with root 7878"):
                book.append_now(record(), tenant="a")
            conn.execute("DELETE FROM book_leaf WHERE idx = 2")
            with pytest.raises(BookUnavailable, match="3 records that were acknowledged are not all in the log's 2"):
                book.append_now(record(), tenant="a")
            conn.execute("UPDATE book_tip SET root = %s", (before,))


def test_a_writer_that_slept_long_reads_the_log_anew(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.writer.FOLLOWED_MAX", 10)
    with opened(Server(url)) as first, opened(Server(url)) as second:
        for each in range(30):
            first.append_now(record(), tenant=f"t{each % 2}")
        assert second.append_now(record(), tenant="t0").tseq == 16
        assert first.append_now(record(), tenant="t1").tseq == 16
    assert verify_book(Server(url), [SIGNER.verifier]).ok


def test_what_one_process_shreds_no_other_seals_or_reads_with_the_old_key(url: str) -> None:
    with (
        opened(Server(url)) as first,
        opened(Server(url)) as second,
        opened(Server(url)) as third,
        Book.open(Server(url), signer=SIGNER) as keyless,
    ):
        third.append_now(record(), tenant="b")
        indexes = [
            book.append_now(record(), tenant="a", payload=Payload(b"said", "ann")).index for book in (first, second)
        ]
        assert first.secret("a") == second.secret("a")
        Keeping(first).shred("a", actor="k")
        later = second.append_now(record(), tenant="a", payload=Payload(b"later", "ann")).index
        third.append_now(record(), tenant="b")
        assert second.secret("a") == third.secret("a")
        keyless.append_now(record(), tenant="b")
        with pytest.raises(KeyMissing):
            keyless.secret("a")
        assert first.payload(later) == second.payload(later) == b"later"
        assert first.secret("a") == second.secret("a")
        for index in indexes:
            with pytest.raises(Shredded):
                second.payload(index)


def test_after_shredding_no_key_of_the_subject_is_in_the_servers_tables_and_no_text_in_any_of_its_files(
    postgres: Postgres,
) -> None:
    """The server's write-ahead log keeps the wrapped key until it is recycled; docs/audit.md says so."""
    url = postgres.database()

    def files(under: str) -> bytes:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CHECKPOINT")
        found = (path for path in (postgres.folder / "cluster" / under).rglob("*") if path.is_file())
        return b"\0".join(path.read_bytes() for path in found)

    with opened(Server(url)) as book:
        said = Payload(b"Ann lives at Canal Street", "ann@example.com")
        index = book.append_now(record(), tenant="a", payload=said).index
        ((wrapped,),) = book.query("SELECT k.wrapped FROM book_payload p JOIN book_key k ON p.key = k.id", ())
        assert bytes(wrapped)[12:44] in files("base")
        Keeping(book).shred("a", "ann@example.com", actor="k9")
        assert bytes(wrapped)[12:44] not in files("base")
        everything = files("")
        assert b"Canal Street" not in everything
        assert b"ann@example.com" not in everything
        with pytest.raises(Shredded):
            book.payload(index)


def test_of_several_writers_one_signs_in_each_interval(url: str) -> None:
    limits = BookLimits(checkpoint_every_s=1.0)
    with opened(Server(url), limits=limits) as first, opened(Server(url), limits=limits) as second:
        ends = time.monotonic() + 2.4
        while time.monotonic() < ends:
            first.append_now(record(), tenant="a")
            second.append_now(record(), tenant="b")
            time.sleep(0.05)
        [(signed,)] = first.query("SELECT count(*) FROM book_checkpoint")
        assert 1 <= signed <= 3
    verdict = verify_book(Server(url), [SIGNER.verifier])
    assert (verdict.ok, verdict.signed_size) == (True, verdict.size)


async def test_a_fence_refuses_what_an_earlier_generation_granted_in_every_process(url: str) -> None:
    with opened(Server(url)) as first, opened(Server(url)) as second:
        await second.append(record(), tenant="a", generation=1)
        assert await first.fence() == 2
        with pytest.raises(Fenced, match="granted under generation 1, the book is at 2"):
            await second.append(record(), tenant="a", generation=1)
        await second.append(record(), tenant="a", generation=2)
        await second.append(record(), tenant="a")
        assert await second.fence() == 3
        with pytest.raises(Fenced):
            await first.append(record(), tenant="a", generation=2)


def test_an_address_with_a_password_shows_itself_nowhere(url: str) -> None:
    place = Server(url.replace("tollhouse@", "nobody:hunter2@"))
    assert "hunter2" not in repr(place)
    with pytest.raises(BookUnavailable) as refused:
        opened(place)
    assert "hunter2" not in str(refused.value)


def test_a_statement_that_ends_the_transaction_or_that_postgres_refuses_harms_no_other(url: str) -> None:
    with opened(Server(url)) as book:
        with pytest.raises(StatementFailed, match="NUL"):
            book.change_now([("INSERT INTO thing VALUES(?, 1)", ("a\0b",))])
        with pytest.raises(BookUnavailable):
            book.change_now([("ROLLBACK", ())])
        assert book.append_now(record(), tenant="a").index == 0


def test_commits_are_flushed_whatever_the_database_has_as_its_default(url: str) -> None:
    for default, used in (("off", "on"), ("remote_apply", "remote_apply")):
        with psycopg.connect(url, autocommit=True) as conn:
            name = conn.info.dbname
            conn.execute(f"ALTER DATABASE {name} SET synchronous_commit = {default}".encode())
        session = Server(url).connect()
        assert session.execute("SHOW synchronous_commit").fetchone() == (used,)
        session.close()


def test_readers_cannot_write(url: str) -> None:
    opened(Server(url)).close()
    with Reader.open(Server(url)) as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.db.execute("DELETE FROM book_leaf")


def test_a_server_that_keeps_no_promises_is_refused() -> None:
    with Postgres() as forgetful, pytest.raises(BookError, match="runs with fsync = off"):
        opened(Server(forgetful.url))
    with Postgres(durable=True) as server:
        server.stop()
        (server.folder / "cluster" / "standby.signal").touch()
        server.start()
        with pytest.raises(BookError, match="is a standby"):
            opened(Server(server.url))
