"""Who looks at the pages below `/ui`: a key that was shown once, then a cookie that names it for a few hours.

The cookie is `id.until.seal`: no secret of the key is in it, nothing is kept of it here, and it opens nothing once the
key is revoked or has expired. It is bound to the browser (HttpOnly, SameSite=Strict) and to TLS, but on this machine. A
form carries a word that only a page of the same visit has, so no other site can send one.
"""

import hmac
import urllib.parse
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from limits.clock import Clock

from ..directory import Directory
from ..errors import InvalidApiKey, NotAllowed
from ..papers import Key

if TYPE_CHECKING:
    from starlette.requests import Request

COOKIE = "tollhouse_ui"
VISIT_S = 4 * 3_600
_ROLES = frozenset({"admin", "approver"})
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_COOKIE_CHARS_MAX = 256


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose visit it is, and the word that its forms carry."""

    key: Key
    word: str


class Visits:
    """Begins visits and recognises them. `secret` is 32 bytes, the same in all processes of a gateway."""

    def __init__(self, directory: Directory, clock: Clock, secret: bytes) -> None:
        self._directory = directory
        self._clock = clock
        self._secret = secret

    def begin(self, request: "Request", token: str) -> str:
        """Return the cookie's header for a key's text; InvalidApiKey, NotAllowed."""
        key = self._directory.key_of(token.strip())
        if key is None:
            raise InvalidApiKey("this key is unknown, expired or revoked")
        _refuse_others(key)
        until_s = self._clock.utc_us() // 1_000_000 + VISIT_S
        said = f"{key.id}.{until_s}"
        return _header(request, f"{said}.{self._seal('visit', said)}", VISIT_S)

    def of(self, request: "Request") -> Visit | None:
        """Return the visit that a request belongs to, None if there is none (any more)."""
        try:
            found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        text = "" if found is None else found.value[:_COOKIE_CHARS_MAX]
        said, _, seal = text.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal("visit", said).encode()):
            return None
        key_id, _, until_s = said.partition(".")
        now_us = self._clock.utc_us()
        key = self._directory.key(key_id)
        if key is None or not key.usable(now_us) or now_us >= int(until_s) * 1_000_000 or key.role not in _ROLES:
            return None
        return Visit(key, self._seal("form", said))

    def _seal(self, what: str, said: str) -> str:
        return hmac.digest(self._secret, f"{what}\0{said}".encode(), "sha256").hex()


def end(request: "Request") -> str:
    """Return the cookie's header that ends a visit."""
    return _header(request, "", 0)


def refuse_foreign(request: "Request") -> None:
    """Refuse a form that a page of another place sends; NotAllowed."""
    origin = request.headers.get("origin")
    if origin is not None and urllib.parse.urlsplit(origin).netloc != request.headers.get("host"):
        raise NotAllowed("this form was not sent by a page of this gateway", param="origin")


def _refuse_others(key: Key) -> None:
    if key.role not in _ROLES:
        raise NotAllowed(f"a key of role {key.role} sees nothing here; use one of role approver or admin")


def _header(request: "Request", value: str, seconds: int) -> str:
    own = request.url.hostname in _OWN_HOSTS
    return f"{COOKIE}={value}; Path=/ui; Max-Age={seconds}; HttpOnly; SameSite=Strict{'' if own else '; Secure'}"
