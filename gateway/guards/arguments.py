# ruff: noqa: E501, SIM905 - names are one table
"""Tool arguments in two forms: `clear` for the gateway's own checks, `released` for whoever runs the tool.

Works on the JSON text itself, string literal by string literal, so numbers, order, blanks and keys stay byte for byte
and what was valid JSON stays valid. What is not JSON is left as it is: nothing is restored into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .findings import Finding
from .json_text import is_json, literals, plain, redacted
from .policy import Action, Policy
from .redact import Redactor, mask
from .restore import NO_HOSTS, WRITTEN, restore, restore_everywhere
from .vault import LABELS, Vault

_KIND_OF = {label: kind for kind, label in LABELS.items()}
RestoreMode = Literal["all", "named", "none"]
# Field names (lower case, without joiners) by which a value would leave for somewhere or somebody.
DESTINATIONS = frozenset(
    "url uri link href src host hostname domain server endpoint webhook webhookurl callback callbackurl redirect redirecturi "
    "baseurl target destination to cc bcc recipient recipients receiver toaddress toemail emailto sendto replyto forwardto "
    "channel chatid iban account accountnumber payee beneficiary wallet proxy remote repository bucket path".split()
)


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
    named = frozenset(map(plain, names))
    closed = frozenset(map(plain, destinations))
    clear: list[str] = []
    released: list[str] = []
    last = 0
    for start, end, is_key, keys, _ in literals(json_text):
        literal = json_text[start:end]
        if is_key or literal[0] != '"':
            continue
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


def remembered(redactor: Redactor, json_text: str, policy: Policy, vault: Vault) -> tuple[Arguments, list[Finding]]:
    """Both forms of the arguments of a tool that keeps what it is given, and what was found in them.

    A memory outlives the run, so a placeholder becomes what the direction `memory` says of its kind: `tokenize` leaves
    it (the run can read it back, nobody later), `mask` marks it for good, `off` and `observe` restore it, `block` refuses.
    """
    actions = policy.actions["memory"]
    clear = restore_arguments(json_text, vault).clear
    scanned, findings = redacted(redactor, json_text, policy, vault, "memory")
    for match in WRITTEN.finditer(json_text):
        kind = _KIND_OF[match.group(1).upper()]
        action = actions.get(kind)
        if action is not None and _value(match, vault) is not None:
            findings.append(Finding(kind, "placeholder", "memory", "", match.start(), match.end(), action))

    def put(match: re.Match[str]) -> str:
        return _kept(match, vault, actions)

    pieces: list[str] = []
    last = 0
    for start, end, is_key, _, _ in literals(scanned) if is_json(scanned) else ():
        literal = scanned[start:end]
        if not is_key and literal[0] == '"' and "_" in literal:
            value = json.loads(literal)
            kept = WRITTEN.sub(put, value)
            if kept != value:
                pieces += (scanned[last:start], json.dumps(kept, ensure_ascii=False))
                last = end
    return Arguments(clear, "".join((*pieces, scanned[last:]))), findings


def _value(match: re.Match[str], vault: Vault) -> str | None:
    return vault.value(f"{match.group(1)}_{match.group(2)}".upper())


def _kept(match: re.Match[str], vault: Vault, actions: Mapping[str, Action]) -> str:
    value = _value(match, vault)
    if value is None:
        return match.group()
    kind = _KIND_OF[match.group(1).upper()]
    action = actions.get(kind, "off")
    if action == "mask":
        return mask(kind)
    return value if action in {"off", "observe"} else match.group()
