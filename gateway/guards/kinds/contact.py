# ruff: noqa: E501 - a pattern is read in one line
"""E-mail addresses (RFC 5321 §4.1.2, RFC 6531 for letters beyond ASCII), plain, percent-encoded and spelt out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..findings import Hit
from ..rule import Pattern, Rule, before, pattern_rule

_LETTER = r"A-Za-z0-9\x{c0}-\x{24f}\x{370}-\x{52f}"
_ADDRESS = (
    rf"[{_LETTER}_](?:[{_LETTER}._+'\-]|%2[Bb])*(?:@|%40|&#0*64;|&#x40;|&commat;|\\u0040)"
    rf"(?:[{_LETTER}][{_LETTER}\-]*\.)+[A-Za-z\x{{c0}}-\x{{24f}}\x{{370}}-\x{{52f}}]{{2,24}}"
)
_ANY_ADDRESS = Pattern(_ADDRESS)
# Ordinary addresses are read without RE2, whose calls from Python cost more than what they do on so little text.
_ASCII_NAME = re.compile(rb"[A-Za-z0-9._+'\-]*[A-Za-z0-9_]")
_ASCII_DOMAIN = re.compile(rb"(?:[A-Za-z0-9][A-Za-z0-9\-]*+\.)+[A-Za-z]{2,24}")
_NAME_MAX, _PLAIN_MAX = 64, 64
_DOT = r"(?:\s{0,3}[\[({<]\s?(?i:dot|punkt|punto|point|\.)\s?[\])}>]\s{0,3}|\s{1,3}(?i:dot|punkt|punto)\s{1,3}|\.|\s{1,2}\.\s{1,2})"
_SPELT_DOT = (
    r"(?:\s{0,3}[\[({<]\s?(?i:dot|punkt|punto|point|\.)\s?[\])}>]\s{0,3}|\s{1,3}(?i:dot|punkt|punto)\s{1,3}|\.)"
)
_AT = r"(?:\s{0,3}[\[({<]\s?(?i:at|arroba|chez|@)\s?[\])}>]\s{0,3}|\s{1,3}(?i:at|arroba)\s{1,3}|\s{0,3}@\s{0,3}|_at_|-at-)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62})"
_ZONE = r"(?:(?i:com|org|net|edu|gov|mil|int|info|biz|dev|app|cloud|online|test|example)|[a-z]{2}|[A-Z]{2})"
_HOST = rf"(?:(?:{_LABEL}\.){{1,4}}{_ZONE}|(?:{_LABEL}{_DOT}){{1,4}}{_ZONE})\b"
_SPELT = rf"(?:[A-Za-z0-9_+\-]{{1,40}}{_SPELT_DOT}){{0,3}}[A-Za-z0-9_+\-]{{1,64}}{_AT}{_HOST}"
_SPELT_GATE = (
    r"(?i:[\[({<]\s?(?:at|arroba|@)\s?[\])}>]|\s(?:at|arroba)\s{1,3}[a-z0-9\-]+[\s\[({<.]|\s@|@\s|[_\-]at[_\-])"
)
_FILE_ENDINGS = frozenset(
    b"png jpg jpeg gif svg webp ico js mjs css ts tsx jsx py rb go rs java kt php html htm json md txt pdf zip gz".split()
)
_REMOTE_USERS = frozenset({b"git", b"hg", b"svn"})
_URL_USER = re.compile(rb"://[^\s/@]*\Z")
_PLAIN_AT = re.compile(rb"(?i)\sat\s")
_SPELT_SIGN = re.compile(rb"(?i)[\[({<]\s?(?:at|@|dot|\.)|\s(?:dot|punkt|punto)\s|@|_at_|-at-|arroba")
_MAIL_WORD = re.compile(rb"(?i)e-?mail|mailto|contact|address|correo|courriel|reach|write")
_NOT_A_NAME = frozenset(
    b"me us him her them it you look looking found available located hosted host hosts visit meet meeting be is are live lives "
    b"stay arrive arrived start starts begin point pointed set work works working running listening site page see docs".split()
)


def _plain_address(buf: bytes, at: int) -> tuple[int, int] | None:
    """Return the span of the address around the `@` if it is all ASCII and ends in sight; None: let RE2 look."""
    domain = _ASCII_DOMAIN.match(buf, at + 1)
    if domain is None:
        return None
    name = _ASCII_NAME.match(buf[max(0, at - _NAME_MAX) : at][::-1])
    size = 0 if name is None else len(name.group())
    if not size or size == _NAME_MAX:
        return None
    start, end = at - size, domain.end()
    edges = buf[max(0, start - 2) : start] + buf[end : end + 1]
    return None if not edges.isascii() or b"%" in edges else (start, end)


def _addresses(buf: bytes, _taken: Sequence[Hit]) -> Iterator[Hit]:
    at = buf.find(b"@")
    spans: list[tuple[int, int]] = []
    others = at < 0
    while at >= 0:
        span = _plain_address(buf, at) if len(spans) < _PLAIN_MAX else None
        if span is None:
            others = True
            if len(spans) >= _PLAIN_MAX:
                break
        else:
            spans.append(span)
        at = buf.find(b"@", at + 1 if span is None else span[1])
    if others:
        spans += _ANY_ADDRESS.spans(buf)
    for start, end in spans:
        if _is_address(buf, start, end):
            yield Hit(start, end, "email", "email")


def _is_address(buf: bytes, start: int, end: int) -> bool:
    value = buf[start:end]
    if value.rpartition(b".")[2].lower() in _FILE_ENDINGS:
        return False
    if buf[end : end + 1] == b":" and value.partition(b"@")[0] in _REMOTE_USERS:
        return False
    return buf[max(start - 1, 0) : start] not in {b":", b"/"} or _URL_USER.search(before(buf, start, 200)) is None


def _is_spelt(buf: bytes, start: int, end: int) -> bool:
    value = buf[start:end]
    if value.rpartition(b".")[2].strip().lower() in _FILE_ENDINGS:
        return False
    at = _PLAIN_AT.search(value)
    if at is None:
        return _is_address(buf, start, end)
    name = value[: at.start()]
    if name.split()[-1].lower() in _NOT_A_NAME:
        return False
    if _SPELT_SIGN.search(value):
        return True
    return any(char in b"._0123456789" for char in name) or bool(_MAIL_WORD.search(before(buf, start, 40)))


RULES: tuple[Rule, ...] = (
    Rule(
        "email",
        frozenset({"email"}),
        rf"[{_LETTER}_'+\-]@[{_LETTER}]",
        "RFC 5321 §4.1.2, RFC 6531",
        _addresses,
    ),
    pattern_rule(
        "email.escaped",
        "email",
        _ADDRESS,
        "RFC 3986 §2.1, HTML §13.1.4, RFC 8259 §7",
        gate=rf"[{_LETTER}_'+\-](?:%40|&#0*64;|&#x40;|&commat;|\\u0040)[{_LETTER}]",
        check=_is_address,
    ),
    pattern_rule(
        "email.spelt", "email", _SPELT, "RFC 5321 §4.1.2, spelt for people", gate=_SPELT_GATE, check=_is_spelt
    ),
)
