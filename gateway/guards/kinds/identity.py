# ruff: noqa: E501 - a pattern is read in one line
"""Dates of birth, passports and driving licences: nothing in the value tells, the words before it do."""

from __future__ import annotations

from ..rule import Rule, pattern_rule, value_after, words

_MONTH = r"(?i:jan(?:uary|uar|v|vier)?|feb(?:ruary|ruar)?|f[e\x{e9}]v(?:rier)?|mar(?:ch|s|zo)?|m\x{e4}rz|apr(?:il)?|avr(?:il)?|ma[iy]|mayo|jun[ei]?|juin|jul[iy]?|juillet|aug(?:ust)?|ao[u\x{fb}]t|agosto|sept?(?:ember|iembre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre|iembre)?|de[cz](?:ember|embre)?|d\x{e9}c(?:embre)?|enero|febrero|abril|junio|julio|diciembre)"
_YEAR = r"(?:19|20)\d\d"
_DATE = (
    rf"(?:{_YEAR}[\-/. ](?:0?[1-9]|1[0-2])[\-/. ](?:0?[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])[\-/. ]{{1,2}}(?:0?[1-9]|[12]\d|3[01])[\-/. ]{{1,2}}(?:{_YEAR}|\d\d)|"
    rf"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.|er)?[ \-](?:of |de )?{_MONTH}\.?,?[ \-](?:de |del )?{_YEAR}|{_MONTH}\.? (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? {_YEAR}|{_YEAR}\x{{5e74}}\d{{1,2}}\x{{6708}}\d{{1,2}}\x{{65e5}}|{_YEAR}[01]\d[0-3]\d)\b"
)
_BIRTH = words(
    r"\bd\.?o\.?b\b",
    "date of birth",
    "birth ?date",
    "birth ?day",
    r"\bborn",
    "geburtsdatum",
    r"\bgeb(?:oren)?\b",
    "fecha de nacimiento",
    r"\bnacid[oa]",
    "date de naissance",
    r"\bn\x{e9}e?\b",
    "data di nascita",
    r"\bnat[oa] il",
    "data de nascimento",
    "geboortedatum",
    "födelsedatum",
    "syntymäaika",
    "data urodzenia",
    "\u51fa\u751f\u65e5\u671f",
    "\u751f\u5e74\u6708\u65e5",
    "\uc0dd\ub144\uc6d4\uc77c",
    "\u0434\u0430\u0442\u0430 \u0440\u043e\u0436\u0434\u0435\u043d\u0438\u044f",
)
_BIRTH_GAP = r"[^\w\n]{0,6}(?:(?i:is|was|on|in|the|am|le|el|il|den|den|date|value)[^\w\n]{1,4}|[A-Z][a-z]+,? ){0,3}"
_PASSPORT = words(
    "passport",
    "reisepass",
    "passeport",
    "pasaporte",
    "passaporto",
    "paspoort",
    "paszport",
    r"\bpass(?:nr|nummer)",
    "\u62a4\u7167",
    "\u65c5\u5238",
    "\u0437\u0430\u0433\u0440\u0430\u043d",
    "\u043f\u0430\u0441\u043f\u043e\u0440\u0442",
)
_PASSPORT_VALUE = r"(?:[A-Z]{1,3}[ \-]?\d{6,9}|\d{8,9}|\d{2}[A-Z]{2}\d{5}|\d{2} ?\d{2} ?\d{6}|[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8})\b"
_LICENCE = words(
    "driv(?:er|ing|er.?s|ers) licen[cs]e",
    r"\bdl\b",
    "licen[cs]e (?:no|number|num|#)",
    "führerschein(?:nummer|nr)?",
    "permis de conduire",
    "licencia de conducir",
    "carnet de conducir",
    "patente di guida",
    "rijbewijs(?:nummer)?",
    r"\bcnh\b",
    "prawo jazdy",
)
_LICENCE_VALUE = r"(?:[A-Z]{5}\d{6}[A-Z0-9]{5,7}|[A-Z]{1,3}[ \-]?\d{3}[ \-]?\d{3}[ \-]?\d{2,3}(?:[ \-]?\d{1,4})?|[A-Z]{1,2}\d{4,14}|\d{7,12}|[A-Z0-9]{2,4}\d{5,9}[A-Z0-9]{0,3})\b"
_NUMBER_GAP = r"[^\w\n]{0,6}(?:(?i:number|num|nummer|nr|no|n\x{b0}|num\x{e9}ro|n\x{fa}mero|numero|id|is|was|of|my|the|value|#)[^\w\n]{1,4}){0,3}"

RULES: tuple[Rule, ...] = (
    pattern_rule(
        "birth_date",
        "birth_date",
        value_after(_BIRTH, _DATE, gap=_BIRTH_GAP),
        "ISO 8601-1, CLDR date forms",
        gate=_BIRTH,
    ),
    pattern_rule(
        "passport",
        "passport",
        value_after(_PASSPORT, _PASSPORT_VALUE, gap=_NUMBER_GAP),
        "ICAO Doc 9303-3",
        gate=_PASSPORT,
    ),
    pattern_rule(
        "licence",
        "licence",
        value_after(_LICENCE, _LICENCE_VALUE, gap=_NUMBER_GAP),
        "ISO/IEC 18013-1, AAMVA DL/ID",
        gate=_LICENCE,
    ),
)
