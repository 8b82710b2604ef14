"""Pseudonyms: the documented bytes, and nothing that joins one tenant's people to another's."""

import hmac
from hashlib import sha256

from audit.pseudonym import pseudonym

SECRET = b"s" * 32


def test_a_pseudonym_is_the_documented_hash_that_any_tool_computes() -> None:
    """Computed with `openssl dgst -sha256 -hmac`: 583005b5219b7527… in base 32, the first 130 bits."""
    assert pseudonym(SECRET, "subject", "ann@example.com") == "p_layalnjbtn2sovql37ktac5xgh"
    assert hmac.new(SECRET, b"subject\0ann@example.com", sha256).hexdigest().startswith("583005b5219b7527")


def test_kind_and_value_and_tenant_each_make_another_pseudonym() -> None:
    names = {
        pseudonym(SECRET, "subject", "ann"),
        pseudonym(SECRET, "person", "ann"),
        pseudonym(SECRET, "subject", "Ann"),
        pseudonym(b"t" * 32, "subject", "ann"),
    }
    assert len(names) == 4
    assert pseudonym(SECRET, "run", "a") != pseudonym(SECRET, "runa", ""), "kind and value do not run together"


def test_a_pseudonym_has_one_length_whatever_it_stands_for() -> None:
    for value in ("", "ann", "ä" * 10_000):
        assert len(pseudonym(SECRET, "person", value)) == len("p_") + 26
