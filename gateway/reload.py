"""What the book says of the configuration: its digest, and the digest of each profile that later records name."""

from hashlib import sha256
from typing import Any

import orjson

from .config import Config
from .papers import resolve


def reload_of(config: Config) -> dict[str, Any]:
    """Return the record of a configuration that was read: a call's `policy` is one of its profiles' digests.

    Its own is of all settings as sorted JSON, defaults filled in, secrets as the places they come from.
    """
    digest = sha256(orjson.dumps(config.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()
    profiles = {each.name: resolve(each).version for each in config.profiles}
    change = {"object": "configuration", "id": digest, "old": None, "new": {"profiles": profiles}}
    return {"kind": "reload", "actor": "system", "reason": "start", "change": change}
