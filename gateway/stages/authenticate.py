"""Who speaks: a key or a run key, from the headers alone; no body is read for a stranger."""

from collections.abc import Mapping
from typing import Protocol

from ..call import Call, Reply
from ..errors import InvalidApiKey, NotAllowed, RunEnded
from ..papers import Key
from ..stage import CallStage


class Keys(Protocol):
    """Where keys are looked up."""

    @property
    def stopped(self) -> set[str]:
        """Return the scopes whose kill switch is on."""
        ...

    def key_of(self, token: str) -> Key | None:
        """Return the usable key of a token, None if there is none."""
        ...


def token_of(headers: Mapping[str, str]) -> str | None:
    """Return the token of `Authorization: Bearer`, `x-api-key` or `api-key`, in this order."""
    authorization = headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token:
            return token.strip()
    return headers.get("x-api-key") or headers.get("api-key")


def key_of(keys: Keys, headers: Mapping[str, str]) -> Key:
    """Return the key that speaks, or refuse: none, unknown, expired and revoked look alike from outside."""
    token = token_of(headers)
    if not token:
        raise InvalidApiKey("no API key: send one as `Authorization: Bearer sk-th-…`")
    key = keys.key_of(token)
    if key is None:
        raise InvalidApiKey("this API key is unknown, expired or revoked")
    return key


class Authenticate(CallStage):
    """Finds key, tenant and profile."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def admit(self, call: Call) -> Reply | None:
        """Look the key up; keys of administrators and approvers call nothing."""
        key = key_of(self._keys, call.caller.headers)
        call.key, call.tenant, call.profile = key, key.tenant, key.profile
        if key.role not in ("client", "run"):
            raise NotAllowed(f"a key of role {key.role} calls no models or tools; use one of role client")
        if stopped := self._keys.stopped:
            for kind, scope in (("key", key.scope), ("tenant", key.tenant.scope)):
                if scope in stopped:
                    raise RunEnded(f"{kind} {scope.partition(':')[2]} is stopped by an administrator", param=kind)
        return None
