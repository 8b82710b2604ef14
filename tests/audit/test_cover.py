"""The page of a bundle tells what it holds and how to check it."""

from hashlib import sha256
from pathlib import Path

from audit.bundle import verify_bundle, write_bundle
from audit.cover import cover
from audit.export import Selection
from audit.reader import Reader
from tests.audit.runs import SIGNER, START_US, write_run


def page_of(folder: Path, selection: Selection) -> str:
    path = write_run(folder)
    with Reader.open(path) as reader:
        with (folder / "bundle.json").open("wb") as out:
            write_bundle(reader, out, selection)
        checkpoint = (reader.checkpoint or b"").decode()
    verdict = verify_bundle(folder / "bundle.json", "example.com/log", [SIGNER.verifier])
    return cover(folder / "bundle.json", verdict, selection, checkpoint, SIGNER.verifier.vkey())


def test_the_page_names_the_file_the_records_and_the_way_to_check_them(tmp_path: Path) -> None:
    page = page_of(tmp_path, Selection(tenant="acme", from_us=START_US))
    assert sha256((tmp_path / "bundle.json").read_bytes()).hexdigest() in page
    assert "10, each with its proof" in page
    assert "tenant acme, from 14 November 2023, 22:13:20 UTC" in page
    assert "a selection cannot show that nothing was left out" in page
    assert "--bundle bundle.json" in page
    assert "<script" not in page


def test_a_whole_bundle_says_that_it_is_one(tmp_path: Path) -> None:
    assert "nothing: all records" in page_of(tmp_path, Selection())
