"""A request as bytes (RFC 9112): where it goes and its head, with nothing in it that could end a line early."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        "accept-encoding",
        "expect",
        "content-encoding",
    }
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_TARGET = re.compile(r"[\x21-\x7e]+")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})  # HEAD's reply has a length and no body


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go. Only requests to an equal origin share one."""

    host: str
    port: int
    tls: bool


def origin_of(url: str) -> Origin:
    """Return the origin of an http or https URL; raises ValueError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("an upstream's URL must be http:// or https:// with a host and without a user")
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode()
    return Origin(host, parts.port or _DEFAULT_PORTS[parts.scheme], parts.scheme == "https")


def head_of(method: str, url: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """Return the request's head up to the value of Content-Length, its last field; raises ValueError."""
    parts = urllib.parse.urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if method not in _METHODS or not _TARGET.fullmatch(target):
        raise ValueError("a method that is not sent, or a target that is not plain ASCII")
    lines = [f"{method} {target} HTTP/1.1", f"host: {_host(origin_of(url))}"]
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("a header holds what no header may hold")
        if name.lower() not in HOP_BY_HOP:
            lines.append(f"{name}: {value}")
    lines.append("accept-encoding: identity\r\ncontent-length: ")
    return "\r\n".join(lines).encode("latin-1")


def _host(origin: Origin) -> str:
    try:
        host = f"[{origin.host}]" if ipaddress.ip_address(origin.host).version == 6 else origin.host  # noqa: PLR2004
    except ValueError:
        host = origin.host
    return host if origin.port == _DEFAULT_PORTS["https" if origin.tls else "http"] else f"{host}:{origin.port}"
