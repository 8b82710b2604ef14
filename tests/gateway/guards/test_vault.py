"""Placeholders: stable in a run, unknowable outside it, bounded, and sealed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards import Detector, Vault, VaultFull, VaultSealBroken
from gateway.guards.policy import KINDS
from gateway.guards.vault import LABELS, PLACEHOLDER, sealed_loan

KEY = b"k" * 32
KIND = st.sampled_from(KINDS)


def test_a_value_has_the_same_placeholder_in_every_turn_of_its_run() -> None:
    vault = Vault()
    assert vault.placeholder("email", "a@b.org") == vault.placeholder("email", "a@b.org")
    assert len(vault) == 1


def test_another_run_has_other_placeholders() -> None:
    assert Vault().placeholder("email", "a@b.org") != Vault().placeholder("email", "a@b.org")


def test_the_kind_is_part_of_the_placeholder() -> None:
    vault = Vault()
    assert vault.placeholder("email", "x").split("_")[1] != vault.placeholder("secret", "x").split("_")[1]


@given(st.lists(st.tuples(KIND, st.text(min_size=1, max_size=40)), min_size=2, max_size=30))
def test_no_placeholder_is_the_prefix_of_another(pairs: list[tuple[str, str]]) -> None:
    vault = Vault()
    made = sorted({vault.placeholder(kind, value) for kind, value in pairs})
    assert not any(right.startswith(left) for left, right in pairwise(made))


@given(KIND, st.text(min_size=1, max_size=40))
def test_a_placeholder_is_never_found_as_a_value(kind: str, value: str) -> None:
    made = Vault().placeholder(kind, value)
    assert PLACEHOLDER.fullmatch(made)
    assert Detector().scan(f"see {made}, thanks", frozenset(KINDS)) == []


def test_only_what_was_issued_has_a_value() -> None:
    vault = Vault()
    made = vault.placeholder("email", "a@b.org")
    assert vault.value(made) == "a@b.org"
    assert vault.value("EMAIL_" + "B" * 16) is None
    assert Vault().value(made) is None


def test_a_full_vault_and_an_oversized_value_are_refused() -> None:
    vault = Vault(entries_max=1, value_chars_max=10)
    vault.placeholder("email", "a@b.org")
    with pytest.raises(VaultFull, match="at most 1"):
        vault.placeholder("email", "c@d.org")
    with pytest.raises(VaultFull, match="at most 10"):
        Vault(value_chars_max=10).placeholder("secret", "x" * 11)


def test_a_sealed_vault_opens_to_the_same_placeholders_and_goes_on() -> None:
    vault = Vault()
    made = vault.placeholder("email", "a@b.org")
    again = Vault.opened([vault.sealed(KEY, "run-1")], KEY, "run-1")
    assert again.value(made) == "a@b.org"
    assert again.placeholder("email", "a@b.org") == made
    assert again.placeholder("phone", "1") == vault.placeholder("phone", "1")


def test_each_seal_holds_what_is_new_and_all_of_them_the_whole() -> None:
    vault = Vault()
    first = vault.placeholder("email", "a@b.org")
    pieces = [vault.sealed(KEY, "run-1")]
    assert vault.unsealed == 0
    second = vault.placeholder("email", "c@d.org")
    assert vault.unsealed == 1
    pieces.append(vault.sealed(KEY, "run-1"))
    again = Vault.opened(pieces, KEY, "run-1")
    assert (again.value(first), again.value(second), again.unsealed) == ("a@b.org", "c@d.org", 0)
    assert Vault.opened(pieces[1:], KEY, "run-1").value(first) is None


def test_sealed_bytes_hide_values_and_open_only_for_their_run_and_key() -> None:
    vault = Vault()
    vault.placeholder("email", "a@b.org")
    sealed = vault.sealed(KEY, "run-1")
    assert b"a@b.org" not in sealed
    for altered, key, run in (
        (sealed, KEY, "run-2"),
        (sealed, b"x" * 32, "run-1"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), KEY, "run-1"),
        (b"", KEY, "run-1"),
    ):
        with pytest.raises(VaultSealBroken):
            Vault.opened([altered], key, run)


def test_a_vault_prints_no_value_and_every_kind_has_a_label() -> None:
    vault = Vault()
    vault.placeholder("email", "a@b.org")
    assert "a@b" not in repr(vault)
    assert set(LABELS) == set(KINDS)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(key=b"short")


def test_what_is_lent_is_restored_elsewhere_and_never_issued_there() -> None:
    owner, borrower = Vault(key=b"o" * 32), Vault(key=b"b" * 32)
    made, other = owner.placeholder("email", "a@b.org"), owner.placeholder("email", "c@d.org")
    lent = owner.lent([f"to {made} and {Vault().placeholder('email', 'x')}", "nothing"])
    assert lent == {made: "a@b.org"}
    own = borrower.placeholder("email", "a@b.org")
    pieces = [borrower.sealed(KEY, "r1"), sealed_loan(lent, KEY, "r1")]
    for order in (pieces, pieces[::-1]):
        opened = Vault.opened(order, KEY, "r1")
        assert (opened.value(made), opened.value(own), opened.value(other)) == ("a@b.org", "a@b.org", None)
        assert opened.placeholder("email", "a@b.org") == own
        assert not opened.unsealed
    with pytest.raises(VaultSealBroken):
        Vault.opened(pieces, KEY, "r2")
    alone = Vault.opened(pieces[1:], KEY, "r1", otherwise=b"b" * 32)
    assert alone.placeholder("email", "a@b.org") == own


def test_what_is_lent_takes_room_and_no_more_than_there_is() -> None:
    owner, full = Vault(), Vault(entries_max=1)
    lent = owner.lent([owner.placeholder("email", mail) for mail in ("a@b.org", "c@d.org")])
    full.borrow(lent)
    assert (len(lent), len(full)) == (2, 1)
