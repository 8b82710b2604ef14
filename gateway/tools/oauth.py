"""A token for an MCP server, as the protocol's authorization section says, without a browser.

    MCP server ──401, or its well-known place──▶ protected-resource metadata (RFC 9728) ──▶ the authorization server's
    metadata (RFC 8414, or OpenID's) ──▶ token endpoint: client_credentials or refresh_token, for that resource

What is read is bounded in bytes, time and number of places; the endpoints must be https, or in the server's private
networks; a token is used until shortly before it expires, and fetched once however many calls wait for it.
"""

import asyncio
import base64
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import orjson

from limits.clock import Clock

from ..config.mcp import McpServer
from ..config.oauth import OAuthSettings
from ..upstream.failure import UpstreamFailure
from ..upstream.interface import Timeouts, Upstream, UpstreamRequest

DOCUMENT_BYTES_MAX = 65_536
LIFE_S = 300.0
"""How long a token is used whose life the authorization server does not tell."""
_EARLY_S = 30.0
_LIFE_S_MAX = 86_400.0
_TOKEN_CHARS_MAX = 16_384
_TIMEOUTS = Timeouts(connect_s=5, first_byte_s=10, idle_s=5, total_s=15)
_OK = 200
_NAMED = re.compile(r'resource_metadata="([^"\s]{1,2048})"')


class Tokens:
    """Tokens for one server. For one event loop."""

    def __init__(self, server: McpServer, settings: OAuthSettings, client: Upstream, clock: Clock) -> None:
        self._server = server
        self._settings = settings
        self._client = client
        self._clock = clock
        self._token = ""
        self._until_ns = 0
        self._refresh = None if settings.refresh_token is None else settings.refresh_token.reveal()
        self._fetching = asyncio.Lock()

    def at_hand(self) -> str | None:
        """Return the token if it is still good."""
        return self._token if self._token and self._clock.monotonic_ns() < self._until_ns else None

    def void(self, token: str) -> None:
        """Take note that the server refused a token."""
        if token == self._token:
            self._token = ""

    async def get(self) -> str:
        """Return a token, fetching one if none is at hand; UpstreamFailure says which step failed."""
        async with self._fetching:
            token = self.at_hand()
            if token is not None:
                return token
            resource, issuer, scopes = await self._resource()
            endpoint = self._checked((await self._issuer(issuer)).get("token_endpoint"), "token endpoint")
            told = await self._ask(endpoint, resource, scopes)
            token, life_s = told.get("access_token"), told.get("expires_in", LIFE_S)
            bearer = str(told.get("token_type", "")).lower() == "bearer"
            if not isinstance(token, str) or not 0 < len(token) <= _TOKEN_CHARS_MAX or not bearer:
                raise self._failed("gave no bearer token")
            if not token.isascii() or not token.isprintable() or isinstance(life_s, bool):
                raise self._failed("gave a token that cannot be sent")
            life_s = min(float(life_s), _LIFE_S_MAX) if isinstance(life_s, int | float) else LIFE_S
            self._token = token
            self._until_ns = self._clock.monotonic_ns() + round(max(1.0, life_s - _EARLY_S) * 1e9)
            if isinstance(told.get("refresh_token"), str) and self._refresh is not None:
                self._refresh = told["refresh_token"]
            return token

    async def _resource(self) -> tuple[str, str, tuple[str, ...]]:
        """Return the resource's name, who gives tokens for it, and the scopes to ask for."""
        settings, url = self._settings, self._server.url
        if settings.issuer is not None:
            return url, settings.issuer, settings.scopes
        challenged = await self._challenged()
        for place in [*filter(None, [challenged]), *_well_known(url, "oauth-protected-resource")]:
            told = await self._read(place)
            if told is None:
                continue
            servers, resource = told.get("authorization_servers"), told.get("resource", url)
            if not isinstance(servers, list) or not servers or not isinstance(servers[0], str):
                raise self._failed("names no authorization server in its metadata")
            if not isinstance(resource, str) or not _covers(resource, url):
                raise self._failed("has metadata of another resource")
            named = told.get("scopes_supported") or ()
            scopes = settings.scopes or tuple(each for each in named if isinstance(each, str))[:32]
            return resource, servers[0], scopes
        raise self._failed("has no protected-resource metadata; name mcp[].oauth.issuer")

    async def _challenged(self) -> str | None:
        """Return where the server itself says that its metadata stand, when it is asked without a token."""
        try:
            reply = await self._client.send(UpstreamRequest("GET", self._server.url, [], b"", _TIMEOUTS))
        except UpstreamFailure as failure:
            raise self._failed(f"cannot be asked: {failure.cause}") from failure
        reply.abort()
        named = _NAMED.search(reply.header("www-authenticate") or "")
        if named is None:
            return None
        own, place = urllib.parse.urlsplit(self._server.url), urllib.parse.urlsplit(named.group(1))
        return named.group(1) if place[:2] == own[:2] else None

    async def _issuer(self, issuer: str) -> dict[str, Any]:
        self._checked(issuer, "authorization server")
        places = [*_well_known(issuer, "oauth-authorization-server"), *_well_known(issuer, "openid-configuration")]
        for place in [*places, f"{issuer.rstrip('/')}/.well-known/openid-configuration"]:
            told = await self._read(place)
            if told is not None:
                if told.get("issuer") != issuer:
                    raise self._failed("names an authorization server whose metadata are another's")
                return told
        raise self._failed("names an authorization server without metadata")

    def _checked(self, url: Any, what: str) -> str:
        parts = urllib.parse.urlsplit(url if isinstance(url, str) else "")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._server.private_networks):
            raise self._failed(f"has no {what} over https")
        return str(url)

    async def _read(self, url: str) -> dict[str, Any] | None:
        """Return a JSON document, None if there is none."""
        status, tree = await self._send(UpstreamRequest("GET", url, [("accept", "application/json")], b"", _TIMEOUTS))
        return tree if status == _OK else None

    async def _ask(self, endpoint: str, resource: str, scopes: tuple[str, ...]) -> dict[str, Any]:
        settings = self._settings
        form = {"grant_type": "client_credentials", "resource": resource}
        if self._refresh is not None:
            form |= {"grant_type": "refresh_token", "refresh_token": self._refresh}
        if scopes:
            form["scope"] = " ".join(scopes)
        headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
        if settings.client_secret is None:
            form["client_id"] = settings.client_id
        else:
            pair = ":".join(map(urllib.parse.quote_plus, (settings.client_id, settings.client_secret.reveal())))
            headers.append(("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
        body = urllib.parse.urlencode(form).encode()
        status, tree = await self._send(UpstreamRequest("POST", endpoint, headers, body, _TIMEOUTS))
        if status != _OK:
            raise self._failed(f"has an authorization server that refused a token with {status}")
        return tree

    async def _send(self, request: UpstreamRequest) -> tuple[int, dict[str, Any]]:
        try:
            reply = await self._client.send(request)
            body = await reply.read(DOCUMENT_BYTES_MAX)
        except UpstreamFailure as failure:
            raise self._failed(f"cannot be asked for a token: {failure.cause}") from failure
        if reply.status != _OK:
            return reply.status, {}
        try:
            tree = orjson.loads(body)
        except orjson.JSONDecodeError:
            tree = None
        if not isinstance(tree, dict):
            raise self._failed("has authorization metadata that cannot be read")
        return reply.status, tree

    @staticmethod
    def _failed(words: str) -> UpstreamFailure:
        return UpstreamFailure(words, source="upstream", phase="connect", sent=False, retryable=False)


def _well_known(url: str, name: str) -> Iterator[str]:
    """Yield where a document about an address stands: its path's own place, then the host's."""
    parts = urllib.parse.urlsplit(url)
    path = parts.path.rstrip("/")
    for below in dict.fromkeys((path, "")):
        yield urllib.parse.urlunsplit((parts.scheme, parts.netloc, f"/.well-known/{name}{below}", "", ""))


def _covers(resource: str, url: str) -> bool:
    """Whether a resource's name is this address, or stands above it."""
    named, own = urllib.parse.urlsplit(resource), urllib.parse.urlsplit(url)
    above = named.path.rstrip("/")
    return named[:2] == own[:2] and (own.path == named.path or own.path.startswith(f"{above}/") or own.path == above)
