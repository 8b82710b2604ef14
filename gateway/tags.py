"""Tags of a call: which user and which feature it is for, where the policy names them, each with caps of its own.

A user is a person: only the tenant's pseudonym of the name goes on, into scopes, book and answers. A tag's scope is
`user:TENANT/PROFILE/PSEUDONYM` or `feature:TENANT/PROFILE/NAME`; it is opened, with its caps, when it is first named.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from audit.pseudonym import pseudonym
from limits.clock import Clock
from limits.seam import Ledger

from .call import Call
from .errors import InvalidRequest, RateLimitExceeded
from .papers.profile import Tag

USER_HEADER, FEATURE_HEADER = "x-tollhouse-user", "x-tollhouse-feature"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_USER_CHARS_MAX = 1_024
_DAY_US = 86_400_000_000


class Tags:
    """Reads tags. `secret_of` gives a tenant's secret for pseudonyms."""

    def __init__(self, ledger: Ledger, secret_of: Callable[[str], bytes], clock: Clock) -> None:
        self._ledger = ledger
        self._secret_of = secret_of
        self._clock = clock
        self._day = 0
        self._named: dict[str, set[str]] = {}

    async def read(self, call: Call) -> None:
        """Put the call's tags on it, and open their scopes. InvalidRequest, RateLimitExceeded (too many values)."""
        headers, tree = call.caller.headers, {} if call.clear is None else call.clear.tree
        told: dict[str, str] = {}
        scopes = []
        for tag in call.profile.tags:
            value = self._user(call, headers, tree) if tag.name == "user" else _feature(headers, tag)
            if value is None:
                if tag.required:
                    asked = USER_HEADER if tag.name == "user" else FEATURE_HEADER
                    raise InvalidRequest(
                        f"profile {call.profile.name} asks for a {tag.name}: send {asked}", param=asked
                    )
                continue
            told[tag.name] = value
            if tag.caps:
                scope = f"{tag.name}:{call.tenant.id}/{call.profile.name}/{value}"
                self._bound(call, scope)
                entry = await self._ledger.set_caps(scope, tag.caps, call.tenant.time_zone, tenant=call.tenant.id)
                if entry is not None:
                    call.entries.append(entry)
                scopes.append(scope)
        if told:
            call.kept["tags"], call.kept["tag_scopes"] = told, tuple(scopes)

    def _user(self, call: Call, headers: Mapping[str, str], tree: Mapping[str, Any]) -> str | None:
        metadata = tree.get("metadata")
        said = (
            headers.get(USER_HEADER)
            or tree.get("safety_identifier")
            or tree.get("user")
            or (metadata.get("user_id") if type(metadata) is dict else None)
        )
        if type(said) is not str or not said:
            return None
        return pseudonym(self._secret_of(call.tenant.id), "user", said[:_USER_CHARS_MAX])

    def _bound(self, call: Call, scope: str) -> None:
        """Refuse a new value where a tenant has named as many today as its policy bears: each takes memory."""
        day = self._clock.utc_us() // _DAY_US
        if day != self._day:
            self._day = day
            self._named.clear()
        named = self._named.setdefault(call.tenant.id, set())
        limit = call.profile.tag_values_max
        if scope not in named:
            if len(named) >= limit:
                raise RateLimitExceeded(
                    f"tenant {call.tenant.id} has named {len(named)} users and features today; profile "
                    f"{call.profile.name} bears {limit}",
                    param="tags.values_max",
                    limit=limit,
                    actual=len(named),
                )
            named.add(scope)


def _feature(headers: Mapping[str, str], tag: Tag) -> str | None:
    said = headers.get(FEATURE_HEADER)
    if not said:
        return None
    if _NAME.fullmatch(said) is None or (tag.names and said not in tag.names):
        known = f"one of {', '.join(sorted(tag.names))}" if tag.names else "a plain name such as search-box"
        raise InvalidRequest(f"{FEATURE_HEADER} must be {known}", param=FEATURE_HEADER)
    return said
