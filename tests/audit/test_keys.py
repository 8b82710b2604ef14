"""Keys on disk: readable by their owner only, refused with words when something is wrong."""

from pathlib import Path

import pytest

from audit.book import Book
from audit.errors import KeyMissing, NoteRefused
from audit.keys import (
    KEYS_MAX,
    create_signing_key,
    load_signing_key,
    load_verifier,
    load_verifiers,
    next_signing_key,
    take_over,
)
from audit.note import Signer, verify
from audit.verify import verify_book


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


def signed_with(folder: Path, signer: Signer) -> None:
    with Book.open(folder / "book.sqlite", signer=signer) as book:
        book.append_now({"kind": "admin"}, tenant="a")


def test_a_key_that_follows_another_signs_on_and_both_vouch_for_what_they_signed(tmp_path: Path) -> None:
    path, public = tmp_path / "key", tmp_path / "key.pub"
    first = create_signing_key(path, "example.com/log")
    signed_with(tmp_path, first)
    for keys in (2, 3):
        signed_with(tmp_path, following := next_signing_key(path))
        take_over(path, following)
        assert load_signing_key(path).verifier.key_id == following.verifier.key_id
        assert [each.key_id for each in load_verifiers(public)] == [each.key_id for each in following.verifiers]
        assert len(load_verifiers(public)) == keys
    assert {each.name for each in tmp_path.glob("key*")} == {"key", "key.pub"}
    signed_with(tmp_path, load_signing_key(path))
    verdict = verify_book(tmp_path / "book.sqlite", load_verifiers(public))
    assert (verdict.ok, verdict.signed_size) == (True, 4)
    alone = verify_book(tmp_path / "book.sqlite", [load_verifier(public)])
    assert {each.kind for each in alone.problems} == {"signature"}
    with pytest.raises(NoteRefused):
        signed_with(tmp_path, first)


def test_a_change_of_keys_may_be_cut_short_at_any_moment_and_is_completed_by_the_next(tmp_path: Path) -> None:
    path, public = tmp_path / "key", tmp_path / "key.pub"
    old = create_signing_key(path, "example.com/log")
    coming = next_signing_key(path)
    assert load_signing_key(path).verifier.key_id == old.verifier.key_id
    assert next_signing_key(path).verifier.key_id == coming.verifier.key_id
    # The public keys are there, the private one is not yet in its place: the old one signs, and knows the new one.
    public.write_text("".join(f"{each.vkey()}\n" for each in coming.verifiers))
    signed_with(tmp_path, coming)
    signed_with(tmp_path, load_signing_key(path))
    take_over(path, next_signing_key(path))
    assert load_signing_key(path).verifier.key_id == coming.verifier.key_id
    assert len(load_verifiers(public)) == 2


def test_a_file_of_public_keys_is_of_one_name_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    one, other = Signer("a", b"a" * 32).verifier.vkey(), Signer("b", b"b" * 32).verifier.vkey()
    for text, said in (
        ("", "0 public keys"),
        (f"{one}\n{other}", "several names"),
        (f"{one}\n" * (KEYS_MAX + 1), "65 public"),
    ):
        path.write_text(text)
        with pytest.raises(KeyMissing, match=said):
            load_verifiers(path)
