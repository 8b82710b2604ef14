"""What the scripted model answers: replies, rules, faults and pace, read from a YAML or JSON file or built in Python.

A request is answered by the first of: the fault switched on at run time, the model's name (`scripted:NAME` names a rule
or a fault, `scripted:status-503` a status), the next of `steps`, the first rule that matches, the echo of the last user
text. Token counts are deterministic: one token is four bytes of text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import yaml

FaultKind = Literal[
    "status",  # answer `status` with `body` and `retry_after_s`; nothing is billed
    "hang",  # read the request, bill nothing, never answer
    "reset",  # break the connection after `after_events` events (plain: after half the body)
    "lose_reply",  # do the work, bill it, close without a byte
    "broken_sse",  # after `after_events` events a line that is no event
    "broken_json",  # a body or event that is cut JSON
    "no_usage",  # never report usage
    "absurd_usage",  # report a million times the tokens; bill the true ones
    "huge_event",  # one event or body of `size_bytes`
    "gzip_bomb",  # `size_bytes` of zeros, gzipped
    "trickle",  # one byte each `delay_s`
    "no_finish",  # end the stream cleanly without finish reason and terminal marker
    "slow",  # `delay_s` before the first byte
]
FAULT_KINDS: frozenset[str] = frozenset(get_args(FaultKind))


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One misbehaviour; `times` counts the requests it hits (None: until cleared)."""

    kind: FaultKind
    status: int = 500
    body: str | None = None
    retry_after_s: float | None = None
    after_events: int = 1
    size_bytes: int = 10_000_000
    delay_s: float = 0.2
    times: int | None = None
    model: str | None = None


class ToolCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call the model proposes; `arguments` is an object, or a string sent as it stands (also broken JSON)."""

    name: str
    arguments: dict[str, Any] | str = {}
    id: str | None = None


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer. `text` None is the echo; `{text}` in it stands for the last user text.

    `prompt_tokens`, `completion_tokens`, `cached_tokens`, `reasoning_tokens` replace what would be counted, in report
    and bill. `delay_s` comes before the first byte, `event_gap_s` between events (0: one burst).
    """

    text: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    delay_s: float = 0.0
    event_gap_s: float = 0.0
    event_chars: int = 4
    fault: Fault | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers when `match` (a regular expression) is found in the last message and role and model agree.

    Of several `replies` the conversation's turn (assistant messages so far) picks one, the last for all later turns: so
    one script serves any number of concurrent conversations. `times` counts the requests it answers.
    """

    replies: tuple[Reply, ...]
    match: str = ""
    name: str | None = None
    role: str | None = None
    model: str | None = None
    times: int | None = None


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seeded model of time: lognormal seconds to the first token, then a lognormal rate of tokens a second."""

    first_token_s_median: float = 0.4
    first_token_sigma: float = 0.35
    tokens_per_s_median: float = 80.0
    tokens_per_s_sigma: float = 0.15


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pico-dollars a token (150,000 is $0.15 a million)."""

    input_pico: int = 150_000
    output_pico: int = 600_000
    cached_pico: int | None = None


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole play; every part has a default, the empty script echoes at once.

    A request of more than `context_tokens` is refused, as it is by a model whose context is full.
    """

    steps: tuple[Reply, ...] = ()
    rules: tuple[Rule, ...] = ()
    latency: Latency | None = None
    seed: int = 0
    context_tokens: int | None = None
    models: tuple[str, ...] = ("scripted",)
    prices: dict[str, Price] = {}
    price: Price = Price()


def load(path: Path) -> Script:
    """Read a script file, JSON or YAML; raises `ValueError` that names the place of an unknown or bad field."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    script = msgspec.convert(tree or {}, Script)
    for rule in script.rules:
        try:
            re.compile(rule.match)
        except re.error as error:
            raise ValueError(f"rule {rule.name or rule.match!r}: not a regular expression: {error}") from error
        if not rule.replies:
            raise ValueError(f"rule {rule.name or rule.match!r}: needs at least one reply")
    return script
