# ruff: noqa: E501, PLR2004 - a pattern is read in one line; ASCII ranges are themselves
"""Secrets without a format of their own: private keys, web tokens, and values that a word beside them gives away."""

from __future__ import annotations

import math
from collections import Counter

import re2

from ..rule import Rule, before, pattern_rule

_PEM = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|\z)"
_JWT = r"\beyJ[A-Za-z0-9_\-]{8,}\.(?:eyJ[A-Za-z0-9_\-]{4,}|[A-Za-z0-9_\-]*\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+)\.[A-Za-z0-9_\-]{4,}"
_WORD = (
    r"(?i:pass ?word|passwd|passphrase|passcode|\bpwd|\bpass\b|secret|api[_\- ]?key|app[_\- ]?key|access[_\- ]?key|account[_\- ]?key|"
    r"auth[_\- ]?key|encryption[_\- ]?key|signing[_\- ]?key|private[_\- ]?key|shared[_\- ]?access[_\- ]?key|master[_\- ]?key|token|credentials?|"
    r"\bauthorization|\bbearer|x-api-key|kennwort|passwort|contrase\x{f1}a|mot de passe|senha|\bpin\b|webhook[_\- ]?url)"
)
_JOIN = (
    r"(?:[\w\-]{0,20}[\"'`\])]{0,2}\s{0,3}(?:=>|:=|==|[:=])\s{0,3}|[\"'`]?\s{1,2}(?i:is|was|are|value)\s{0,2}[:=]?\s{1,2}|"
    r"[\"'`]?\s{1,2})(?:(?i:bearer|basic|token)\s{1,2})?\\{0,2}[\"'`<\[]{0,2}"
)
_ASSIGNED = rf"{_WORD}{_JOIN}([^\s\"'`<>,;()\[\]{{}}\\]{{6,512}})"
_STRONG_WORD = re2.compile(rb"(?i)pass|pwd|kennwort|contrase|senha|pin")
_LETTER_RUN = re2.compile(rb"[A-Za-z]+[.!?:]*")
_TEMPLATE = re2.compile(
    rb"(?i)\$|%[a-z_]+%|\{|\*{3}|x{4}|\.{3}|<|your|example|changeme|placeholder|redacted|process\.env|os\.environ|getenv|\b(?:null|none|true|false|"
    rb"undefined)\b|://[^:@]*\z|^(?:self|this|config|settings|env|req|request|ctx|options|args|params|data)\.|^(?:str|string|int|bool|optional|bytes)\b"
)
_ENTROPY_MIN = 3.0
_VALUE_MIN = 12


def entropy_bits(value: bytes) -> float:
    """Shannon's entropy of the bytes, in bits a byte."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def _is_secret(buf: bytes, start: int, end: int) -> bool:
    value = buf[start:end].rstrip(b".!?")
    if _TEMPLATE.search(value) or _LETTER_RUN.fullmatch(value):
        return False
    lead = before(buf, start, 40)
    has_digit = any(0x30 <= byte <= 0x39 for byte in value)
    if _STRONG_WORD.search(lead) and (b":" in lead or b"=" in lead or b"is" in lead):
        mixed = not value.islower() or any(not (0x61 <= byte <= 0x7A) and byte not in b"_-./" for byte in value)
        return has_digit or mixed
    return has_digit and len(value) >= _VALUE_MIN and entropy_bits(value) >= _ENTROPY_MIN


_USER_OPTION = r"(?:\bcurl\b[^\n]{0,200}?\s(?:-u|--user)|(?i:authorization:\s{0,2}basic))[\s='\"]{1,3}([^\s'\":]{0,64}:?[^\s'\"$]{6,200})"


RULES: tuple[Rule, ...] = (
    pattern_rule(
        "secret.canary", "secret", r"\bTHCANARY_[B-DF-HJ-NP-T]{16}", "the mark in system prompts: stages/screen.py"
    ),
    pattern_rule("secret.basic", "secret", _USER_OPTION, "RFC 7617; curl's --user"),
    pattern_rule(
        "secret.private_key",
        "secret",
        _PEM,
        "RFC 7468 §10-11, RFC 9580 §6.2",
        gate=r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY",
    ),
    pattern_rule("secret.jwt", "secret", _JWT, "RFC 7519, RFC 7516", gate=r"\beyJ[A-Za-z0-9_\-]{8,}\."),
    pattern_rule("secret.assigned", "secret", _ASSIGNED, "entropy beside a telling word", gate=_WORD, check=_is_secret),
)
