"""Bundles: one person's records, verifiable alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.book import Book
from audit.bundle import verify_bundle, write_bundle
from audit.errors import BookError
from audit.export import Selection
from audit.note import Signer
from audit.reader import Reader
from tests.audit.writing import write

ORIGIN = "example.com/log"
SIGNER = Signer(ORIGIN, b"s" * 32)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "book.sqlite"
    with Book.open(path, signer=SIGNER) as book:
        write(book, ({"kind": "intent", "call": f"c{each}", "for": "ab"[each % 2]} for each in range(300)))
    with Book.open(path, signer=SIGNER) as book:
        book.append_now({"kind": "intent", "call": "unsigned"}, tenant="a")
        with Reader.open(path) as reader, (tmp_path / "bundle.json").open("wb") as out:
            assert write_bundle(reader, out, Selection(tenant="a")) == 150
    return tmp_path / "bundle.json"


def test_a_tenants_bundle_verifies_alone_and_shows_nobody_else(bundle: Path) -> None:
    verdict = verify_bundle(bundle, ORIGIN, [SIGNER.verifier])
    assert (verdict.ok, verdict.size, verdict.tenants) == (True, 150, {"a": 150})
    assert b'\\"tenant\\":\\"b\\"' not in bundle.read_bytes()


def edit(tree: dict[str, Any]) -> None:
    tree["records"][7]["record"] = tree["records"][7]["record"].replace("c14", "c99")


def spoil_proof(tree: dict[str, Any]) -> None:
    tree["records"][7]["proof"][0] = "!"


def drop_middle(tree: dict[str, Any]) -> None:
    del tree["records"][7]


def drop_tail(tree: dict[str, Any]) -> None:
    del tree["records"][-1]


def lines(tree: dict[str, Any]) -> bytes:
    """Write a bundle's document in its form, a line for each record."""
    records = b",\n".join(orjson.dumps(each) for each in tree.pop("records"))
    return orjson.dumps(tree)[:-1] + b',"records":[\n' + records + b"\n]}\n"


@pytest.mark.parametrize(
    ("attack", "kind"), [(edit, "altered"), (spoil_proof, "altered"), (drop_middle, "tseq"), (drop_tail, "tenant")]
)
def test_an_altered_bundle_is_found(bundle: Path, attack: Callable[[dict[str, Any]], None], kind: str) -> None:
    tree = orjson.loads(bundle.read_bytes())
    attack(tree)
    bundle.write_bytes(lines(tree))
    verdict = verify_bundle(bundle, ORIGIN, [SIGNER.verifier])
    assert verdict.problems[0].kind == kind


def test_a_selection_verifies_and_says_that_it_is_one(tmp_path: Path, bundle: Path) -> None:
    told: list[int] = []
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        write(book, ({"kind": "outcome", "run": f"r{each % 2}"} for each in range(2_500)))
    with Reader.open(tmp_path / "book.sqlite") as reader, bundle.open("wb") as out:
        assert write_bundle(reader, out, Selection(run="r1"), progress=told.append) == 1_250
    verdict = verify_bundle(bundle, ORIGIN, [SIGNER.verifier])
    assert (verdict.ok, verdict.tenants, told) == (True, {"a": 1_250}, [1_000])
    assert "a selection cannot show" in verdict.sentences()[0]


def test_a_bundle_that_ends_within_a_line_is_refused(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:-5])
    with pytest.raises(BookError, match="it ends within a line"):
        verify_bundle(bundle, ORIGIN, [SIGNER.verifier])


def test_what_is_no_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    bundle.write_bytes(b"{}")
    with pytest.raises(BookError, match="is no bundle"):
        verify_bundle(bundle, ORIGIN, [SIGNER.verifier])
    folder = tmp_path / "empty"
    folder.mkdir()
    with (
        Book.open(folder / "book.sqlite", signer=SIGNER),
        Reader.open(folder / "book.sqlite") as reader,
        (folder / "out").open("wb") as out,
        pytest.raises(BookError, match="no signed checkpoint yet"),
    ):
        write_bundle(reader, out, Selection())


def test_records_of_nobody_are_in_a_whole_bundle(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "reload"}, tenant=None)
    with Reader.open(tmp_path / "book.sqlite") as reader, (tmp_path / "bundle").open("wb") as out:
        assert write_bundle(reader, out, Selection()) == 1
    assert verify_bundle(tmp_path / "bundle", ORIGIN, [SIGNER.verifier]).ok
