# ruff: noqa: E501, S105, SIM905 - names are one table; a JSON token is no secret
"""Tool arguments in two forms: `clear` for the gateway's own checks, `released` for whoever runs the tool.

Works on the JSON text itself, string literal by string literal, so numbers, order, blanks and keys stay byte for byte
and what was valid JSON stays valid. What is not JSON is left as it is: nothing is restored into it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from .restore import NO_HOSTS, restore, restore_everywhere
from .vault import Vault

RestoreMode = Literal["all", "named", "none"]
# Field names (lower case, without joiners) by which a value would leave for somewhere or somebody.
DESTINATIONS = frozenset(
    "url uri link href src host hostname domain server endpoint webhook webhookurl callback callbackurl redirect redirecturi "
    "baseurl target destination to cc bcc recipient recipients receiver toaddress toemail emailto sendto replyto forwardto "
    "channel chatid iban account accountnumber payee beneficiary wallet proxy remote repository bucket path".split()
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)
_COLON = re.compile(r"\s*:")
_JOINERS = re.compile(r"[\s_\-.]+")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The same arguments twice. `clear` never leaves the gateway."""

    clear: str
    released: str


def restore_arguments(
    json_text: str,
    vault: Vault,
    *,
    mode: RestoreMode = "all",
    names: frozenset[str] = frozenset(),
    destinations: frozenset[str] = frozenset(),
    hosts: frozenset[str] = NO_HOSTS,
) -> Arguments:
    """Both forms of a tool call's arguments.

    `all` restores every string but those under a key in `destinations` (use DESTINATIONS for tools that write or send);
    `named` only those under a key in `names`, which also opens a destination; `none` nothing. A key counts for all that
    stands below it, and is compared in lower case without joiners.
    """
    if "_" not in json_text and "\\u" not in json_text:
        return Arguments(json_text, json_text)
    try:
        json.loads(json_text)
    except (ValueError, RecursionError):
        return Arguments(json_text, json_text)
    named = frozenset(map(_plain, names))
    closed = frozenset(map(_plain, destinations))
    clear: list[str] = []
    released: list[str] = []
    last = 0
    for start, end, keys in _strings(json_text):
        literal = json_text[start:end]
        value = json.loads(literal)
        full = restore_everywhere(value, vault)
        if full == value:
            continue
        opened = not named.isdisjoint(keys)
        wanted = opened if mode == "named" else mode == "all" and (opened or closed.isdisjoint(keys))
        part = restore(value, vault, hosts) if wanted else value
        gap = json_text[last:start]
        clear += (gap, json.dumps(full))
        released += (gap, literal if part == value else json.dumps(part))
        last = end
    rest = json_text[last:]
    return Arguments("".join((*clear, rest)), "".join((*released, rest)))


def _plain(name: str) -> str:
    return _JOINERS.sub("", name).lower()


def _strings(json_text: str) -> list[tuple[int, int, list[str]]]:
    """Start, end and the plain names of all keys above, for every string value of a valid JSON text."""
    found: list[tuple[int, int, list[str]]] = []
    above: list[str] = []
    key = ""
    for match in _TOKEN.finditer(json_text):
        token = match.group()
        if token[0] == '"':
            if _COLON.match(json_text, match.end()):
                key = _plain(json.loads(token))
            else:
                found.append((match.start(), match.end(), [*above, key]))
        elif token in "{[":
            above.append(key)
            key = key if token == "[" else ""
        elif token in "}]":
            key = above.pop()
    return found
