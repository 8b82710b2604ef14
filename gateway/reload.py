"""What the book says of the configuration: its digest, and the digest of each profile that later records name."""

from hashlib import sha256
from typing import Any

from .config import Config
from .config.show import resolved
from .papers import resolve


def reload_of(config: Config) -> dict[str, Any]:
    """Return the record of a configuration that was read: a call's `policy` is one of its profiles' digests."""
    digest = sha256(resolved(config).encode()).hexdigest()
    profiles = {each.name: resolve(each).version for each in config.profiles}
    change = {"object": "configuration", "id": digest, "old": None, "new": {"profiles": profiles}}
    return {"kind": "reload", "actor": "system", "reason": "start", "change": change}
