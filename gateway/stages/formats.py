"""The format that a request asks its answer to have, held against the answer: JSON that fits the schema, or not.

    plain     the answer is checked before it is released
    stream    it flows, and is checked before its choice's end: an answer that does not fit ends with an error event
              `ask_again`: it is held from its start, for what was released cannot be asked for again

Cut off, refused, or tool calls: the finish reason says so, and no JSON was promised. Then nothing is checked, and the
record says that. An empty answer fits nothing.
"""

from typing import Any

import orjson

from ..call import Call, Event, Part, Request
from ..errors import OutputInvalid
from ..shelf import Shelf
from ..stage import AskAgain
from ..tools.schema import SCHEMA_BYTES_MAX, Schema, Unfit
from ..tools.weigh import SchemaRefused

_CHECKED_AS_ANY_OBJECT = Schema(None)
_WHOLE = frozenset({None, "stop", "completed", "end_turn", "stop_sequence"})
"""How the dialects say that a model came to its end by itself."""


class Formats:
    """A bounded memory of compiled schemas. For one event loop."""

    def __init__(self) -> None:
        self._schemas: Shelf[bytes, Schema] = Shelf(entries_max=1_024, bytes_max=32 << 20)

    def streamed(self, call: Call, clear: Request) -> "Streamed | None":
        """Return what checks a stream, None if its request asks for no format or the profile does not care."""
        if not clear.stream or call.profile.guarding.response_format == "off":
            return None
        asked = format_of(clear.tree)
        return None if asked is None else Streamed(call, self._schema(asked), choices=clear.choices)

    def plain(self, call: Call, event: Event, clear: Request) -> None:
        """Check a plain answer; AskAgain once, or OutputInvalid."""
        asked = format_of(clear.tree)
        if asked is None or _is_ours(call):
            return
        if event.finish not in _WHOLE or any(part.kind in {"refusal", "arguments"} for part in event.parts):
            call.decide("guard", "format_not_checked", finish=event.finish or "refusal")
            return
        schema = self._schema(asked)
        for part in event.parts:
            if part.kind == "text":
                check(call, schema, part.text)

    def _schema(self, asked: dict[str, Any]) -> Schema:
        """Return the compiled schema; for one that cannot be compiled any object will do."""
        if not asked:
            return _CHECKED_AS_ANY_OBJECT
        said = orjson.dumps(asked)
        schema = self._schemas.get(said)
        if schema is None:
            try:
                schema = Schema(asked) if len(said) <= SCHEMA_BYTES_MAX else _CHECKED_AS_ANY_OBJECT
            except SchemaRefused:
                schema = _CHECKED_AS_ANY_OBJECT
            self._schemas.put(said, schema, len(said))
        return schema


class Streamed:
    """One stream on its way. Its length is bounded by what a reply may have at all."""

    __slots__ = ("_call", "_held", "_holds", "_left", "_other", "_schema", "_texts")

    def __init__(self, call: Call, schema: Schema, *, choices: int) -> None:
        self._call = call
        self._schema = schema
        self._left = choices
        self._texts: dict[int, list[str]] = {}
        self._other: set[int] = set()
        self._holds = call.profile.guarding.response_format == "ask_again" and not call.asked_again
        self._held: list[Event] = []

    def passed(self, events: list[Event]) -> list[Event]:
        """Return what goes on; AskAgain once, or OutputInvalid, at the end of a choice that does not fit."""
        for event in events:
            for part in event.parts:
                self._take(part)
            for choice in event.ends:
                self._left -= 1
                self._ended(choice, event.finish)
        if not self._holds:
            return events
        self._held += events
        if self._left > 0:
            return []
        held, self._held, self._holds = self._held, [], False
        return held

    def _take(self, part: Part) -> None:
        if part.kind in {"refusal", "arguments"}:
            self._other.add(part.choice)
        elif part.kind == "text" and not part.repeats:
            self._texts.setdefault(part.choice, []).append(part.text)

    def _ended(self, choice: int, finish: str | None) -> None:
        call = self._call
        if _is_ours(call):
            return
        if finish not in _WHOLE or choice in self._other:
            call.decide("guard", "format_not_checked", finish=finish or "refusal")
            return
        check(call, self._schema, "".join(self._texts.pop(choice, ())))


def check(call: Call, schema: Schema, text: str) -> None:
    """Let a text pass that fits; AskAgain if the profile wants that and it is the first time, else OutputInvalid."""
    unfit = schema.read(text) if text else Unfit("empty")
    if not isinstance(unfit, Unfit):
        return
    where = f" at {unfit.place}" if unfit.place else ""
    again = call.profile.guarding.response_format == "ask_again" and not (call.asked_again or call.released)
    call.decide("guard", "asked_again" if again else "refused", rule=f"response_format.{unfit.rule}")
    if again:
        raise AskAgain(text, f"Your answer is not in the format asked for ({unfit.rule}{where}). Answer again.")
    raise OutputInvalid(
        f"the answer is not in the format that was asked for ({unfit.rule}{where}); ask again",
        param="response_format",
    )


def format_of(tree: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON Schema that a request asks its answer to fit ({}: any object), None if it asks for none."""
    asked = tree.get("response_format") or tree.get("output_format")
    for holder in ("text", "output_config"):
        if asked is None and type(tree.get(holder)) is dict:
            asked = tree[holder].get("format")
    if type(asked) is not dict or asked.get("type") not in {"json_object", "json_schema"}:
        return None
    inner = asked.get("json_schema", asked)
    schema = inner.get("schema") if type(inner) is dict else None
    return schema if type(schema) is dict else {}


def _is_ours(call: Call) -> bool:
    """Whether the answer is a stored or repeated one, which was checked when it was fresh or promises nothing."""
    return bool(call.degraded) or (call.reply is not None and call.reply.cached)
