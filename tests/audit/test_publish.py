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
from tests.servers.binaries import go_program, go_sumdb

ORIGIN = "example.com/log"
SIGNER = Signer(ORIGIN, b"s" * 32)


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


def test_the_go_checksum_databases_own_code_verifies_our_log(folder: Path, tmp_path: Path) -> None:
    """Its source is Debian's golang-golang-x-mod-dev where that is installed, else the copy that Go is built with."""
    source, go = go_sumdb(), go_program()
    program = tmp_path / "verify"
    program.mkdir()
    for package in ("note", "tlog"):
        shutil.copytree(source / package, program / package)
    version = subprocess.run([str(go), "env", "GOVERSION"], capture_output=True, check=True, text=True).stdout
    (program / "go.mod").write_text(f"module verify\n\ngo {'.'.join(version[2:].split('.')[:2])}\n")
    (program / "main.go").write_text(GO_MAIN)

    def verified() -> tuple[int, str]:
        done = subprocess.run(
            [str(go), "run", ".", str(folder)],
            cwd=program,
            capture_output=True,
            text=True,
            env={**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local"},
            check=False,
        )
        return done.returncode, done.stdout or done.stderr

    assert verified() == (0, f"verified {ORIGIN} 600\n")
    entries = folder / "tile" / "entries" / "000"
    entries.write_bytes(entries.read_bytes().replace(b'"c0"', b'"c9"', 1))
    assert verified()[0] == 1
