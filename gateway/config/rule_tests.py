"""The tests that rules are made of: each takes a value of any type and says True, False, or None: not to be judged."""

import posixpath
from collections.abc import Callable, Sequence
from typing import Any

import re2

Test = Callable[[Any], bool | None]
MISSING = object()
UNREADABLE = object()
_URL = re2.compile(r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][!-~]*)?$")
_HOST = re2.compile(r"^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$")
_HIDDEN = ("\\", "\0", "%2e", "%2f", "%5c", "%00")


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "none" if value is None else "bool"
    return "number" if isinstance(value, int | float) else "text" if isinstance(value, str) else "other"


def compared(sign: str, literal: Any) -> Test:
    """Return a comparison with a literal; only null may be compared with a value of another type."""
    kind = _kind(literal)
    equal = sign in ("==", "<=", ">=")
    less, more = sign in ("!=", "<", "<="), sign in ("!=", ">", ">=")

    def test(value: Any) -> bool | None:
        if "none" in (kind, _kind(value)):
            return (value is literal) == (sign == "==") if sign in ("==", "!=") else None
        if _kind(value) != kind:
            return None
        if value == literal:
            return equal
        return (less if value < literal else more) if sign not in ("==", "!=") else sign == "!="

    return test


def contained(literals: Sequence[Any]) -> Test:
    """Return whether the value is one of these."""
    tests = [compared("==", literal) for literal in literals]

    def test(value: Any) -> bool | None:
        found = [each(value) for each in tests]
        return True if True in found else False if False in found else None

    return test


def ranged(low: float, high: float) -> Test:
    """Return whether a number lies between two, both included."""
    return lambda value: low <= value <= high if _kind(value) == "number" else None


def matching(pattern: str) -> Test:
    """Return whether an expression of RE2 is found in a text; ValueError."""
    try:
        compiled = re2.compile(pattern)
    except re2.error:
        raise ValueError("this is no regular expression of RE2") from None
    return lambda value: compiled.search(value) is not None if isinstance(value, str) else None


def under(prefix: str) -> Test:
    """Return whether a path is this one or below it, its `..` resolved; ValueError. Links are not followed."""
    base = _plain(prefix)
    if base is None:
        raise ValueError("write a plain path such as /srv/files")

    def test(value: Any) -> bool | None:
        path = _plain(value) if isinstance(value, str) else None
        if path is None:
            return None
        return path == base or path.startswith("/" if base == "/" else f"{base}/")

    return test


def _plain(path: str) -> str | None:
    """Return a path in its shortest form; None if it is empty, or somebody may read more into it."""
    lower = path.lower()
    if not path or any(hidden in lower for hidden in _HIDDEN):
        return None
    short = posixpath.normpath(path)
    return short[1:] if short.startswith("//") else short


def within(domain: str) -> Test:
    """Return whether a URL's host, or a host's name, is this one or below it; ValueError."""
    base = domain.lower().rstrip(".")
    if _HOST.search(base) is None:
        raise ValueError("write a host's name such as example.com")

    def test(value: Any) -> bool | None:
        host = value if value is UNREADABLE or not isinstance(value, str) or "/" not in value else host_of(value)
        if not isinstance(host, str) or _HOST.search(host := host.lower().rstrip(".")) is None:
            return None
        return host == base or host.endswith(f".{base}")

    return test


def host_of(value: Any) -> Any:
    """Return a URL's host in lower case; UNREADABLE if it is no plain http(s) URL: user parts, spaces, other signs."""
    match = _URL.search(value) if isinstance(value, str) and "\\" not in value else None
    return UNREADABLE if match is None else match.group(1).lower().rstrip(".")


def length_of(value: Any) -> Any:
    """Return the length of a text (characters) or list; UNREADABLE of anything else."""
    return len(value) if isinstance(value, str | list) else UNREADABLE
