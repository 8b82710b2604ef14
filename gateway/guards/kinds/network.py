# ruff: noqa: E501 - a pattern is read in one line
"""IP addresses (RFC 791, RFC 4291, RFC 5952), MAC addresses (IEEE 802) and credentials in URLs (RFC 3986 §3.2.1)."""

from __future__ import annotations

import ipaddress
import string
from collections.abc import Iterator, Sequence

import re2

from ..findings import Hit
from ..rule import Pattern, Rule, before, pattern_rule

_DOT = r"(?:\.|\s?[\[({]\s?(?i:\.|dot)\s?[\])}]\s?|\s(?i:dot)\s|\s\.\s)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"\b{_OCTET}(?:{_DOT}{_OCTET}){{3}}\b"
_IPV6 = r"(?:[0-9A-Fa-f]{1,4}|:):(?:[0-9A-Fa-f]{0,4}:){1,6}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3}|:)?"
_ANY_IPV6 = Pattern(_IPV6)
_HEX = frozenset(string.hexdigits.encode())
_MAC = r"\b(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2})\b"
_LOGIN = r"\b[A-Za-z][A-Za-z0-9+.\-]{1,20}://([^\s/@:\"'<>{}\[\]]{0,128}:[^\s/@\"'<>{}]{1,256})@[\w\[\-.%]"
_VERSION = re2.compile(
    rb"(?i)(?:\bv(?:er(?:sion)?s?)?|\brelease|\bbuild|\bfirmware|\bpatch|\boid|\bsection|\bclause|\bchapter|\bassembly|"
    rb"\brevision|\brev|\bupgrade[ds]?(?: \w+)? to|\bpackage)[^\w\n]{0,3}(?:(?:is|to|from|number|no|=)[^\w\n]{1,3}){0,2}\z|"
    rb"[A-Za-z][\w.]*/\z|(?:[=~<>!]=|[~^<>])\s?\z"
)
_ADDRESS_WORD = re2.compile(
    rb"(?i)\b(?:ip|ipv4|addr|address|host|server|client|remote|from|src|dst|peer)\b[^\n]{0,6}\z"
)
_TEMPLATE = re2.compile(rb"(?i)^(?:user(?:name)?|<?your)?[:\w]*:(?:pass(?:word)?|pwd|\*+|x+|\$\{?\w+\}?|%\w+%|your.*)$")
_EDGE = b".0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _is_ipv4(buf: bytes, start: int, end: int) -> bool:
    last, after = buf[max(0, start - 1) : start], buf[end : end + 2]
    if (last and last in b".-_") or after[:1] in {b"-", b"_"} or (after[:1] == b"." and after[1:2].isdigit()):
        return False
    first = buf[start : start + 4]
    if first.startswith((b"0.", b"127.", b"255.")):
        return False
    lead = before(buf, start, 32)
    return _VERSION.search(lead) is None or _ADDRESS_WORD.search(lead) is not None


def _ipv6s(buf: bytes, _taken: Sequence[Hit]) -> Iterator[Hit]:
    for start, found in _ANY_IPV6.spans(buf):
        # A colon behind an address is the sentence's own, unless it is one of two.
        end = found - 1 if buf[found - 1 : found] == b":" and buf[found - 2 : found - 1] != b":" else found
        if _is_ipv6(buf, start, end):
            yield Hit(start, end, "ip", "ip.v6")


def _is_ipv6(buf: bytes, start: int, end: int) -> bool:
    if (
        buf[max(start - 1, 0) : start] == b":"
        or (buf[end : end + 1] == b":" and end + 1 < len(buf) and buf[end + 1] in _HEX)  # nine groups are no address
        or (start and buf[start - 1] in _EDGE)
        or (end < len(buf) and buf[end] in _EDGE[1:])
    ):
        return False
    value = buf[start:end].decode()
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return False
    groups = sum(1 for group in value.split(":") if group)
    return groups > 2 or (groups == 2 and not address.is_reserved and value[0].isdigit())  # noqa: PLR2004


def _is_mac(buf: bytes, start: int, end: int) -> bool:
    if buf[max(start - 1, 0) : start] in {b":", b"-", b"."} or buf[end : end + 1] in {b":", b"-"}:
        return False
    return len(set(buf[start:end].lower())) > 2  # noqa: PLR2004 - ff:ff:… and 00:00:… are no one's


def _is_login(buf: bytes, start: int, end: int) -> bool:
    return _TEMPLATE.match(buf[start:end]) is None


RULES: tuple[Rule, ...] = (
    pattern_rule("ip.v4", "ip", _IPV4, "RFC 791", gate=rf"\d{_DOT}\d{{1,3}}{_DOT}\d{{1,3}}{_DOT}\d", check=_is_ipv4),
    Rule(
        "ip.v6",
        frozenset({"ip"}),
        r"[0-9A-Fa-f]::(?:[^A-Za-z]|[0-9A-Fa-f]|\z)|(?:\A|[^\w:])::[0-9A-Fa-f]|(?:[0-9A-Fa-f]{1,4}:){6}",
        "RFC 4291 §2.2",
        _ipv6s,
    ),
    pattern_rule("mac", "mac", _MAC, "IEEE 802-2014 §8.1", check=_is_mac),
    pattern_rule(
        "login",
        "login",
        _LOGIN,
        "RFC 3986 §3.2.1",
        gate=r"://[^\s/@]*:[^\s/@]+@",
        check=_is_login,
    ),
)
