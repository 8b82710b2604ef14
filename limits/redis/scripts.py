"""The Lua scripts: read once, loaded into Redis at every connection, called by their hash with one packed argument."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

_FOLDER = Path(__file__).with_name("lua")
_PARTS = {
    "hold": ("prelude", "queue", "holds", "hold"),
    "settle": ("prelude", "queue", "holds", "settle"),
    "raise": ("prelude", "queue", "holds", "raise"),
    "drop": ("prelude", "queue", "holds", "drop"),
    "expire": ("prelude", "queue", "holds", "expire"),
    "mark": ("prelude", "queue", "holds", "mark"),
    "refund": ("prelude", "queue", "holds", "refund"),
    "caps": ("prelude", "queue", "holds", "caps"),
    "count": ("prelude", "count"),
    "open": ("prelude", "open"),
    "close": ("prelude", "close"),
    "pause": ("prelude", "pause"),
    "read": ("prelude", "read"),
    "breaker": ("breaker",),
    "enter": ("enter",),
    "leave": ("leave",),
}
_encode = msgspec.msgpack.Encoder().encode


class Script:
    """One script; `text` is what Redis compiles, `head` how a call of it begins on the wire."""

    __slots__ = ("head", "name", "sha", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self.head = b"*5\r\n$7\r\nEVALSHA\r\n$40\r\n%b\r\n$1\r\n1\r\n" % self.sha.encode()

    def call(self, key: bytes, argument: list[Any]) -> bytes:
        """Return the command that calls it; `key` is what `key_of` made."""
        packed = _encode(argument)
        return b"%b%b$%d\r\n%b\r\n" % (self.head, key, len(packed), packed)


def key_of(tenant: str) -> bytes:
    """Return a tenant's one key as it is sent: its generation, in the slot of the tenant's hash tag."""
    if "}" in tenant or "{" in tenant:
        raise ValueError(f"a tenant's id has no braces: {tenant!r}")
    return sent(b"th:{%b}:g" % tenant.encode())


def sent(key: bytes) -> bytes:
    """Return any key as `Script.call` takes it."""
    return b"$%d\r\n%b\r\n" % (len(key), key)


def scripts() -> dict[str, Script]:
    """Read all scripts."""
    texts = {path.stem: path.read_text("utf-8") for path in _FOLDER.glob("*.lua")}
    return {name: Script(name, "\n".join(texts[part] for part in parts)) for name, parts in _PARTS.items()}
