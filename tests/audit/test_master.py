"""The master key: where it comes from, what it binds, and how it says that it is not there."""

import base64
import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import KeyMissing
from audit.master import NONCE_BYTES, MasterKey


def test_a_master_key_comes_from_a_file_the_environment_or_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = MasterKey.create(tmp_path / "master")
    wrapped = made.wrap(b"secret", b"a")
    monkeypatch.setenv("MASTER", (tmp_path / "master").read_text())
    for source in (f"file/{tmp_path}/master", "env/MASTER", f"command/cat {tmp_path}/master"):
        assert MasterKey.load(source).unwrap(wrapped, b"a") == b"secret"
    with pytest.raises(KeyMissing, match="does not open"):
        made.unwrap(wrapped, b"b")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("env/TOLLHOUSE_NOT_SET", "does not give 32 bytes"),
        ("env/SHORT", "does not give 32 bytes"),
        ("env/NO_BASE64", "does not give 32 bytes"),
        ("command/false", "command for the master key failed"),
        ("command/no-such-program", "command for the master key failed"),
        ("vault/secret", "not from 'vault/secret'"),
    ],
)
def test_a_master_key_that_is_not_there_is_refused(source: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", base64.b64encode(b"short").decode())
    monkeypatch.setenv("NO_BASE64", "!")
    with pytest.raises(KeyMissing, match=words):
        MasterKey.load(source)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused_with_both_figures(length: int) -> None:
    with pytest.raises(KeyMissing, match=f"has 32 bytes, got {length}"):
        MasterKey(b"k" * length)


def test_what_is_wrapped_is_plain_aes_gcm_under_a_fresh_nonce() -> None:
    key = MasterKey(b"k" * 32)
    first, second = key.wrap(b"secret", b"tenant"), key.wrap(b"secret", b"tenant")
    assert first[:NONCE_BYTES] != second[:NONCE_BYTES]
    assert len(first) == 12 + len(b"secret") + 16
    assert AESGCM(b"k" * 32).decrypt(first[:12], first[12:], b"tenant") == b"secret"


def test_a_wrapped_key_opens_with_no_other_master_key_nor_altered_nor_cut() -> None:
    key = MasterKey(b"k" * 32)
    wrapped = key.wrap(b"secret", b"tenant")
    altered = bytes([wrapped[0] ^ 1]) + wrapped[1:]
    for other, sealed in ((MasterKey(b"o" * 32), wrapped), (key, altered), (key, wrapped[:-1])):
        with pytest.raises(KeyMissing, match="another master key, or altered bytes"):
            other.unwrap(sealed, b"tenant")


def test_a_derived_key_is_its_own_for_each_purpose_and_is_not_the_key() -> None:
    key = MasterKey(b"k" * 32)
    assert key.derived(b"one") == hmac.new(b"k" * 32, b"tollhouse derived\none", "sha256").digest()
    assert len({key.derived(b"one"), key.derived(b"two"), MasterKey(b"o" * 32).derived(b"one"), b"k" * 32}) == 4


def test_a_new_key_is_its_owners_alone_and_never_takes_anothers_place(tmp_path: Path) -> None:
    MasterKey.create(tmp_path / "master")
    assert (tmp_path / "master").stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode((tmp_path / "master").read_bytes())) == 32
    with pytest.raises(KeyMissing, match="exists and is not overwritten"):
        MasterKey.create(tmp_path / "master")
    (tmp_path / "master").chmod(0o640)
    with pytest.raises(KeyMissing, match="can be read by others"):
        MasterKey.load(f"file/{tmp_path}/master")
