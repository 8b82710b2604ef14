"""The run's vault: which placeholder stands for which value, and nothing that tells one from the other outside.

A placeholder is `LABEL_` and 16 of 16 consonants: 64 bits of keyed BLAKE2b (RFC 7693 §2.9: a MAC in one pass) of
kind and value under the run's random key. So the
same value has the same placeholder in every turn (prompt caches hold), nobody can make one that the vault takes for its
own, and none is a prefix of another: a label has no underscore and all suffixes are of one length. Only what this vault
issued is restored. `sealed` and `opened` carry it to disk or another replica under AES-256-GCM (NIST SP 800-38D).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LABELS = MappingProxyType(
    {
        "email": "EMAIL",
        "phone": "PHONE",
        "card": "CARD",
        "iban": "IBAN",
        "ssn": "SSN",
        "national_id": "NATID",
        "tax_id": "TAXID",
        "ip": "IPADDR",
        "mac": "MACADDR",
        "login": "LOGIN",
        "birth_date": "BIRTH",
        "passport": "PASSPORT",
        "licence": "LICENCE",
        "person": "PERSON",
        "address": "ADDRESS",
        "wallet": "WALLET",
        "secret": "SECRET",
    }
)
SUFFIX_CHARS = 16
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"BCDFGHJKLMNPQRST")
PLACEHOLDER = re.compile(rf"(?:{'|'.join(LABELS.values())})_[B-DF-HJ-NP-T]{{{SUFFIX_CHARS}}}(?![A-Za-z0-9])")
PLACEHOLDER_CHARS_MAX = max(map(len, LABELS.values())) + 1 + SUFFIX_CHARS
_KEY_BYTES = 32
_NONCE_BYTES = 12


class VaultFull(Exception):
    """The vault holds its maximum; the value must be masked for good instead."""


class VaultSealBroken(Exception):
    """Sealed bytes were altered, belong to another run, or were sealed under another key."""


class Vault:
    """Values of one run (or call), at most `entries_max` of at most `value_chars_max` characters.

    Not thread-safe: a run's calls share one event loop.
    """

    __slots__ = ("_by_placeholder", "_by_value", "_entries_max", "_key", "_sealed", "_value_chars_max")

    def __init__(self, *, key: bytes | None = None, entries_max: int = 10_000, value_chars_max: int = 16_384) -> None:
        if key is not None and len(key) != _KEY_BYTES:
            raise ValueError(f"a vault's key has {_KEY_BYTES} bytes, not {len(key)}")
        self._key = key
        self._entries_max = entries_max
        self._value_chars_max = value_chars_max
        self._by_placeholder: dict[str, str] = {}
        self._by_value: dict[tuple[str, str], str] = {}
        self._sealed = 0

    def __len__(self) -> int:
        return len(self._by_placeholder)

    def __repr__(self) -> str:
        return f"<Vault of {len(self)} values>"

    @property
    def key(self) -> bytes:
        """The key of its placeholders, made when the first is asked for: most calls never need one."""
        if self._key is None:
            self._key = os.urandom(_KEY_BYTES)
        return self._key

    def placeholder(self, kind: str, value: str) -> str:
        """Return the placeholder of `value`, issued now if it is new. VaultFull if it cannot be kept."""
        known = self._by_value.get((kind, value))
        if known is not None:
            return known
        if len(self._by_placeholder) >= self._entries_max:
            raise VaultFull(f"vault holds {len(self)} values, at most {self._entries_max}")
        if len(value) > self._value_chars_max:
            raise VaultFull(f"value has {len(value)} characters, at most {self._value_chars_max}")
        named = f"{kind}\x00{value}".encode("utf-8", "surrogatepass")
        digest = blake2b(named, key=self._key or self.key, digest_size=SUFFIX_CHARS // 2).hexdigest()
        made = f"{LABELS[kind]}_{digest.encode().translate(_LETTERS).decode()}"
        self._by_placeholder[made] = value
        self._by_value[kind, value] = made
        return made

    def value(self, placeholder: str) -> str | None:
        """Return the value behind a placeholder that this vault issued; None for all others."""
        return self._by_placeholder.get(placeholder)

    @property
    def unsealed(self) -> int:
        """How many values were issued since `sealed` was last asked."""
        return len(self._by_value) - self._sealed

    def sealed(self, key: bytes, run: str) -> bytes:
        """Return what was issued since the last call, with the vault's key, encrypted and bound to the run's id."""
        rows = [[kind, value, made] for (kind, value), made in islice(self._by_value.items(), self._sealed, None)]
        self._sealed = len(self._by_value)
        plain = json.dumps({"key": self.key.hex(), "rows": rows}).encode()
        return _sealed(plain, key, run)

    def lent(self, texts: Iterable[str]) -> dict[str, str]:
        """Return the placeholders of this vault that stand in texts, with their values."""
        stand = {made for text in texts for made in PLACEHOLDER.findall(text)}
        return {made: value for made in stand if (value := self.value(made)) is not None}

    def borrow(self, lent: Mapping[str, str]) -> None:
        """Restore what another vault issued, too, as far as there is room; it is never issued here."""
        for made, value in lent.items():
            if len(self._by_placeholder) < self._entries_max:
                self._by_placeholder.setdefault(made, value)

    @classmethod
    def opened(
        cls, sealed: Iterable[bytes], key: bytes, run: str, *, entries_max: int = 10_000, otherwise: bytes | None = None
    ) -> Vault:
        """Return the vault that these pieces, in any order, hold together; without any it is a new one.

        Its placeholders' key is theirs, `otherwise` this one, or chance.
        VaultSealBroken if a piece is not this run's, or was altered.
        """
        vault = cls(key=otherwise, entries_max=entries_max)
        cipher = AESGCM(key)
        for piece in sealed:
            try:
                plain = cipher.decrypt(piece[:_NONCE_BYTES], piece[_NONCE_BYTES:], run.encode())
            except (InvalidTag, ValueError) as broken:
                raise VaultSealBroken("sealed vault does not open under this key and run") from broken
            tree = json.loads(plain)
            if "lent" in tree:
                vault.borrow(tree["lent"])
                continue
            vault._key = bytes.fromhex(tree["key"])
            for kind, value, made in tree["rows"]:
                vault._by_placeholder[made] = value
                vault._by_value[kind, value] = made
        vault._sealed = len(vault._by_value)
        return vault


def sealed_loan(lent: Mapping[str, str], key: bytes, run: str) -> bytes:
    """Return a piece for `Vault.opened` of a run that borrows: what another vault lent, encrypted and bound to it."""
    return _sealed(json.dumps({"lent": lent}).encode(), key, run)


def _sealed(plain: bytes, key: bytes, run: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, run.encode())
