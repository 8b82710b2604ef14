"""The published folder: what others read with their own tools."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from audit.book import Book
from audit.errors import BookError
from audit.folder import verify_folder
from audit.note import Signer
from audit.publish import publish
from audit.reader import Reader

ORIGIN = "example.com/log"
SIGNER = Signer(ORIGIN, b"s" * 32)
GO = shutil.which("go")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        for each in range(600):
            book.append_now({"kind": "intent", "call": f"c{each}"}, tenant="a")
    with Reader.open(tmp_path / "book.sqlite") as reader:
        assert publish(reader, tmp_path / "log", SIGNER.verifier, entries=True) == 600
        assert publish(reader, tmp_path / "hashes", SIGNER.verifier) == 600
        assert publish(reader, tmp_path / "log", SIGNER.verifier, entries=True) == 600
    return tmp_path / "log"


def test_a_published_folder_verifies_with_and_without_its_records(folder: Path) -> None:
    whole = verify_folder(folder, ORIGIN, [SIGNER.verifier])
    assert (whole.ok, whole.size, whole.tenants) == (True, 600, {"a": 600})
    hashes = verify_folder(folder.with_name("hashes"), ORIGIN, [SIGNER.verifier])
    assert (hashes.ok, hashes.size) == (True, 600)
    assert not (folder.with_name("hashes") / "tile" / "entries").exists()


def test_a_book_without_a_checkpoint_is_not_published(tmp_path: Path) -> None:
    with (
        Book.open(tmp_path / "book.sqlite", signer=SIGNER),
        Reader.open(tmp_path / "book.sqlite") as reader,
        pytest.raises(BookError, match="no signed checkpoint yet"),
    ):
        publish(reader, tmp_path / "log", SIGNER.verifier)


def go_vendor() -> Path | None:
    """Return the folder of the Go tool chain's own copy of golang.org/x/mod/sumdb, if Go is installed."""
    if GO is None:
        return None
    root = subprocess.run([GO, "env", "GOROOT"], capture_output=True, check=True, text=True).stdout.strip()
    found = Path(root) / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod" / "sumdb"
    return found if (found / "tlog").is_dir() else None


GO_MAIN = """package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"verify/note"
	"verify/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

type files struct{ root string }

func (f files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		raw, err := os.ReadFile(filepath.Join(f.root, path))
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
	return all, nil
}

func (f files) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func main() {
	root := os.Args[1]
	vkey, err := os.ReadFile(filepath.Join(root, "key.vkey"))
	must(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	must(err)
	signed, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	must(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\\n")
	var size int64
	fmt.Sscan(lines[1], &size)
	hash, err := tlog.ParseHash(lines[2])
	must(err)
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: hash}, files{root})
	for _, index := range []int64{0, 255, 256, size - 1} {
		bundle, err := os.ReadFile(filepath.Join(root, entryPath(index, size)))
		must(err)
		for skip := index % 256; skip > 0; skip-- {
			bundle = bundle[2+int(bundle[0])<<8+int(bundle[1]):]
		}
		entry := bundle[2 : 2+int(bundle[0])<<8+int(bundle[1])]
		proof, err := tlog.ProveRecord(size, index, reader)
		must(err)
		must(tlog.CheckRecord(proof, size, hash, index, tlog.RecordHash(entry)))
	}
	fmt.Println("verified", lines[0], size)
}

func entryPath(index, size int64) string {
	if index/256 == size/256 {
		return fmt.Sprintf("tile/entries/%03d.p/%d", index/256, size%256)
	}
	return fmt.Sprintf("tile/entries/%03d", index/256)
}
"""


@pytest.mark.skipif(go_vendor() is None, reason="Go is not installed here; CI has it")
def test_the_go_checksum_databases_own_code_verifies_our_log(folder: Path, tmp_path: Path) -> None:
    source = go_vendor()
    assert source is not None
    assert GO is not None
    program = tmp_path / "verify"
    program.mkdir()
    for package in ("note", "tlog"):
        shutil.copytree(source / package, program / package)
    (program / "go.mod").write_text("module verify\n\ngo 1.23\n")
    (program / "main.go").write_text(GO_MAIN)
    done = subprocess.run(
        [GO, "run", ".", str(folder)],
        cwd=program,
        capture_output=True,
        text=True,
        env={**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local"},
        check=False,
    )
    assert done.stdout == f"verified {ORIGIN} 600\n", done.stderr
