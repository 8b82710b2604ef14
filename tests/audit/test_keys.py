"""Keys on disk: readable by their owner only, refused with words when something is wrong."""

from pathlib import Path

import pytest

from audit.errors import KeyMissing
from audit.keys import create_signing_key, load_signing_key, load_verifier
from audit.note import verify


def test_a_signing_key_survives_its_file_and_its_public_text_verifies(tmp_path: Path) -> None:
    made = create_signing_key(tmp_path / "key", "example.com/log")
    loaded = load_signing_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    verify(loaded.sign("text\n").encode(), [load_verifier(tmp_path / "key.pub")])
    assert loaded.verifier.vkey() == made.verifier.vkey()


def test_an_existing_key_is_never_overwritten(tmp_path: Path) -> None:
    create_signing_key(tmp_path / "key", "example.com/log")
    with pytest.raises(KeyMissing, match="exists and is not overwritten"):
        create_signing_key(tmp_path / "key", "example.com/log")


def test_a_key_that_others_can_read_is_absent_or_malformed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(KeyMissing, match="cannot be read: No such file"):
        load_signing_key(path)
    with pytest.raises(KeyMissing, match="cannot be read: No such file"):
        load_verifier(path)
    create_signing_key(path, "example.com/log")
    text = path.read_text()
    path.chmod(0o644)
    with pytest.raises(KeyMissing, match="can be read by others"):
        load_signing_key(path)
    path.chmod(0o600)
    path.write_text("PRIVATE+KEY+nothing")
    with pytest.raises(KeyMissing, match="is no signing key"):
        load_signing_key(path)
    name, number, key = text.removeprefix("PRIVATE+KEY+").split("+", 2)
    path.write_text(f"PRIVATE+KEY+{name}+{'0' * len(number)}+{key}")
    with pytest.raises(KeyMissing, match="its text says 00000000"):
        load_signing_key(path)
