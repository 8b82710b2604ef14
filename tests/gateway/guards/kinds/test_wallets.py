"""Wallet addresses: the vectors of the proposals hold, and one changed letter does not."""

from __future__ import annotations

import pytest

from gateway.guards import Detector
from gateway.guards.kinds.wallets import RULES, base58check, bech32

DETECTOR = Detector(RULES)
BITCOIN = ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "1111111111111111111114oLvT2"]
RIPPLE = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"  # the genesis account

# BIP 173 and BIP 350: valid test vectors, of both checksums.
SEGWIT = [
    "A12UEL5L",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "A1LQFN3A",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
]


def changed(text: str, place: int) -> str:
    """Return the text with another character of both alphabets at a place."""
    return text[:place] + ("2" if text[place] != "2" else "3") + text[place + 1 :]


@pytest.mark.parametrize("address", BITCOIN)
def test_an_address_with_its_hash_holds_and_with_any_other_letter_does_not(address: str) -> None:
    assert base58check(address)
    assert not any(base58check(changed(address, place)) for place in range(1, len(address)))


def test_a_number_too_large_for_an_address_is_none() -> None:
    assert not base58check("z" * 35)


def test_ripples_alphabet_is_another() -> None:
    assert [hit.rule for hit in DETECTOR.scan(f"to {RIPPLE}", frozenset({"wallet"}))] == ["wallet.ripple"]
    assert DETECTOR.scan(f"to {changed(RIPPLE, 9)}", frozenset({"wallet"})) == []


@pytest.mark.parametrize("address", SEGWIT)
def test_the_proposals_vectors_hold_and_with_one_letter_changed_do_not(address: str) -> None:
    assert bech32(address)
    start = address.lower().rpartition("1")[2]
    first = len(address) - len(start)
    for place in range(first, len(address)):
        other = "q" if address[place].lower() != "q" else "p"
        assert not bech32(address[:place] + other + address[place + 1 :])


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.rule, text[hit.start : hit.end]) for hit in DETECTOR.scan(text, frozenset({"wallet"}))]


def test_addresses_are_found_whole_in_a_sentence() -> None:
    ethereum = "0x52908400098527886E0F7030069857D2E4169EE7"  # EIP-55
    assert found(f"pay {BITCOIN[0]}, or {SEGWIT[2]}; {ethereum}.") == [
        ("wallet.base58", BITCOIN[0]),
        ("wallet.bech32", SEGWIT[2]),
        ("wallet.ethereum", ethereum),
    ]
    solana = "So11111111111111111111111111111111111111112"
    assert found(f"Solana: {solana}")[0][1] == solana
    assert found(f"commit {solana}") == []


def test_what_only_looks_like_an_address_is_left_alone() -> None:
    assert found(changed(BITCOIN[0], 12)) == []
    assert found(SEGWIT[4][:-1] + "q") == []
    assert found("0x52908400098527886E0F7030069857D2E4169EE7ff") == []
    assert found(f"x{BITCOIN[0]}") == []
