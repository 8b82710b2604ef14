"""A witness that cannot be reached is told as the operating system tells it, whatever client asks."""

from pathlib import Path

import pytest

from audit.anchor import FileAnchor
from audit.book import Book
from audit.cosignature import Cosigner
from audit.note import Signer
from gateway.state.schema import SCHEMA
from gateway.witnessed import Witnessed

COSIGNER = Cosigner("witness/w1", b"w" * 32)


async def test_a_witness_that_is_gone_is_an_error_of_the_connection(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=Signer("example.com/log", b"s" * 32), schema=SCHEMA) as book:
        kept = FileAnchor(tmp_path / "cosigned", book.origin, [Signer("example.com/log", b"s" * 32).verifier])
        await book.append({"kind": "refusal", "call": "c"}, tenant="a")
        await book.sign()
        witness = Witnessed("http://127.0.0.1:9", COSIGNER.verifier, kept, wait_s_max=1)
        with pytest.raises(ConnectionError, match="connection"):
            await witness.add(book.place)
