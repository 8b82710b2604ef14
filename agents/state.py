"""The state of a run: a fold over its events, nothing else. What a step's key finds here is not done again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from .endings import Status, Stop
from .event import STEPS, Event
from .result import Result, Usage, Waiting

Body = Mapping[str, Any]


def note_key(kind: str, body: Body) -> bytes:
    """Return what makes two notes the same."""
    return kind.encode() + b"\0" + orjson.dumps(dict(body), option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True)
class State:
    """By step key: what was asked, answered, called, returned, decided, waits; and the sums."""

    events: list[Event] = field(default_factory=list)
    opened: Body = field(default_factory=dict)
    asked: dict[str, Body] = field(default_factory=dict)
    places: dict[tuple[str, int], str] = field(default_factory=dict)
    answered: dict[str, Body] = field(default_factory=dict)
    called: dict[str, Body] = field(default_factory=dict)
    returned: dict[str, Body] = field(default_factory=dict)
    waiting: dict[str, Body] = field(default_factory=dict)
    decided: dict[str, bool | str] = field(default_factory=dict)
    children: dict[str, Body] = field(default_factory=dict)
    once: dict[str, Any] = field(default_factory=dict)
    notes: Counter[bytes] = field(default_factory=Counter)
    status: Status | None = None
    stop: Stop | None = None
    message: str = ""
    account: Body = field(default_factory=dict)
    answer: str | None = None
    partial: str = ""
    degraded: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    active_s: float = 0.0
    _since_us: int = 0

    def take(self, event: Event) -> None:
        """Fold one more event."""
        self.events.append(event)
        body = event.body
        if event.kind in ("opened", "resumed"):
            self._since_us = event.at_us
            self.status = self.stop = None
        self._clock(event)
        if event.kind in STEPS:
            getattr(self, f"_{event.kind}")(body)
            return
        self.notes[note_key(event.kind, body)] += 1
        if event.kind == "answer":
            self.answer = self.partial = str(body.get("text", ""))
        elif event.kind == "found":
            self.partial = str(body.get("text", ""))

    def _clock(self, event: Event) -> None:
        """Add up the time in which a process drove the run; waiting for a person or a new process is no such time."""
        if event.kind not in ("opened", "resumed"):
            self.active_s += max(0, event.at_us - self._since_us) / 1e6
        self._since_us = event.at_us

    def _opened(self, body: Body) -> None:
        self.opened = body

    def _resumed(self, body: Body) -> None:
        del body

    def _asked(self, body: Body) -> None:
        self.asked[body["key"]] = body
        self.places[(body["at"], body["n"])] = body["key"]

    def _answered(self, body: Body) -> None:
        self.answered[body["key"]] = body
        used = self.usage
        self.usage = Usage(
            used.input_tokens + body["input_tokens"],
            used.output_tokens + body["output_tokens"],
            used.usd + Decimal(body["usd"]),
            used.steps + 1,
            used.tool_calls,
            used.model_s + body["ms"] / 1e3,
            used.tool_s,
        )
        if body.get("degraded"):
            self.degraded.append(f"model: {body['degraded']}")
        if body["message"].get("content"):
            self.partial = str(body["message"]["content"])

    def _refused(self, body: Body) -> None:
        del body

    def _called(self, body: Body) -> None:
        self.called[body["key"]] = body

    def _returned(self, body: Body) -> None:
        self.returned[body["key"]] = body
        self.waiting.pop(body["key"], None)
        used = self.usage
        self.usage = Usage(
            used.input_tokens,
            used.output_tokens,
            used.usd,
            used.steps,
            used.tool_calls + 1,
            used.model_s,
            used.tool_s + body["ms"] / 1e3,
        )
        if body["ok"] and not self.partial:
            self.partial = str(body["content"])
        if body.get("degraded"):
            self.degraded.append(f"{body['name']}: {body['degraded']}")

    def _waiting(self, body: Body) -> None:
        self.waiting[body["key"]] = body

    def _decided(self, body: Body) -> None:
        self.decided[body["key"]] = body["answer"]
        self.waiting.pop(body["key"], None)

    def _child(self, body: Body) -> None:
        self.children[body["key"]] = body

    def _once(self, body: Body) -> None:
        self.once[body["key"]] = body["value"]

    def _diverged(self, body: Body) -> None:
        del body

    def _degraded(self, body: Body) -> None:
        self.degraded.append(str(body["text"]))

    def _ended(self, body: Body) -> None:
        self.status, self.stop = body["status"], body["stop"]
        self.message = body["message"]
        self.account = body.get("account") or {}

    def open_calls(self) -> list[Body]:
        """Return the tool calls of the latest answers that have no result, in their order."""
        return [body for key, body in self.called.items() if key not in self.returned]

    def messages(self, at: str = "main") -> list[dict[str, Any]]:
        """Return a conversation as it was had; a call that never got a result gets one that says so."""
        messages: list[dict[str, Any]] = []
        results = {body["id"]: body for body in self.returned.values()}
        for event in self.events:
            if event.body.get("at") == at and event.kind == "asked":
                messages += event.body["added"]
            elif event.body.get("at") == at and event.kind == "answered":
                messages.append(dict(event.body["message"]))
        given = {message.get("tool_call_id") for message in messages}
        for call in (messages[-1].get("tool_calls") or []) if messages else []:
            if call["id"] not in given:
                said = results.get(call["id"], {}).get("content", "error: the run ended before this call was made")
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": said})
        return messages

    def result(self, run: str) -> Result:
        """Return the run as a caller sees it."""
        waiting = tuple(
            Waiting(body["id"], body["by"], body["name"], body["arguments"], body.get("reason", ""))
            for body in self.waiting.values()
        )
        completed = self.status == "completed"
        return Result(
            run_id=run,
            status=self.status or "stopped",
            stop=self.stop,
            message=self.message,
            output=self.answer if completed else None,
            partial=self.partial,
            usage=self.usage,
            account=self.account,
            waiting=waiting,
            degraded=tuple(dict.fromkeys(self.degraded)),
            children=tuple(body["run"] for body in self.children.values()),
            messages=tuple(self.messages()),
            events=tuple(self.events),
        )


def fold(events: Iterable[Event]) -> State:
    """Return the state that events lead to."""
    state = State()
    for event in events:
        state.take(event)
    return state
