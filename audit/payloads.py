"""Check the payloads beside the log against what their records commit to; it needs the master key.

A payload that was shredded or that retention dropped is no contradiction: only its record promised to stay.
"""

from collections.abc import Iterator
from pathlib import Path

from .errors import BookDamaged, KeyMissing, Shredded
from .keyring import Keyring, read_payload
from .master import MasterKey
from .place import Place
from .reader import Reader
from .verdict import Verdict

_PAGE_ROWS = 50  # each may have megabytes once opened


def verify_payloads(where: Path | Place, master: MasterKey, verdict: Verdict) -> int:
    """Open every stored payload and add to the verdict what contradicts its record; return how many were opened."""
    opened = 0
    with Reader.open(where) as reader:
        keyring = Keyring(master)
        for index in _indexes(reader):
            try:
                read_payload(reader.db, keyring, index)
                opened += 1
            except Shredded:
                continue
            except (BookDamaged, KeyMissing) as error:
                verdict.add("payload", index, f"the payload of record {index} is not what it commits to: {error}")
    return opened


def _indexes(reader: Reader) -> Iterator[int]:
    last = -1
    while True:
        page = reader.db.execute(
            "SELECT idx FROM book_payload WHERE idx > ? AND idx < ? ORDER BY idx LIMIT ?",
            (last, reader.size, _PAGE_ROWS),
        ).fetchall()
        for (last,) in page:
            yield last
        if len(page) < _PAGE_ROWS:
            return
