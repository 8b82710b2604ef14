# ruff: noqa: E501 - a pattern is read in one line
"""Addresses of money without banks: Bitcoin (BIP 13, 173, 350), Ethereum (EIP-55) and their like, checked where they can be."""

from __future__ import annotations

import hashlib

from ..rule import Rule, pattern_rule, value_after, words

_BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32 = {char: value for value, char in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_SUM, _BECH32M_SUM = 1, 0x2BC830A3
_PAYLOAD_BYTES = 25


def base58check(text: str, alphabet: str = _BITCOIN) -> bool:
    """Whether the last four bytes are the double SHA-256 of the 21 before (Bitcoin, Litecoin, Dogecoin, Tron, XRP)."""
    number = 0
    for char in text:
        number = number * 58 + alphabet.index(char)
    if number.bit_length() > _PAYLOAD_BYTES * 8:
        return False
    raw = number.to_bytes(_PAYLOAD_BYTES, "big")
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def bech32(text: str) -> bool:
    """Whether the checksum of BIP 173 or BIP 350 holds."""
    prefix, _, body = text.lower().rpartition("1")
    values = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    values += [_BECH32[char] for char in body]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            if top >> bit & 1:
                check ^= generator
    return check in {_BECH32_SUM, _BECH32M_SUM}


def _is_base58(buf: bytes, start: int, end: int) -> bool:
    return base58check(buf[start:end].decode())


def _is_ripple(buf: bytes, start: int, end: int) -> bool:
    return base58check(buf[start:end].decode(), _RIPPLE)


def _is_bech32(buf: bytes, start: int, end: int) -> bool:
    return bech32(buf[start:end].decode())


RULES: tuple[Rule, ...] = (
    pattern_rule(
        "wallet.base58",
        "wallet",
        r"\b[13LMDAT9][1-9A-HJ-NP-Za-km-z]{25,34}\b",
        "BIP 13, TRON developer docs",
        check=_is_base58,
    ),
    pattern_rule(
        "wallet.bech32",
        "wallet",
        r"\b(?:bc1|ltc1|tb1)[02-9ac-hj-np-z]{11,71}\b|\bBC1[02-9AC-HJ-NP-Z]{11,71}\b",
        "BIP 173, BIP 350",
        check=_is_bech32,
    ),
    pattern_rule("wallet.ethereum", "wallet", r"\b0x[0-9a-fA-F]{40}\b", "EIP-55"),
    pattern_rule("wallet.ripple", "wallet", r"\br[1-9A-HJ-NP-Za-km-z]{24,34}\b", "XRPL, addresses", check=_is_ripple),
    pattern_rule("wallet.monero", "wallet", r"\b[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}\b", "Monero, standard address"),
    pattern_rule("wallet.cardano", "wallet", r"\baddr1[02-9ac-hj-np-z]{53,100}\b", "CIP-19"),
    pattern_rule(
        "wallet.solana",
        "wallet",
        value_after(words("solana", r"\bsol address", r"\bsol wallet"), r"[1-9A-HJ-NP-Za-km-z]{32,44}\b"),
        "Solana, addresses",
        gate=words("solana", r"\bsol address", r"\bsol wallet"),
    ),
)
