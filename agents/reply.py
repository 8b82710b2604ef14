"""A model's answer as patterns see it, read from the message that the log keeps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from .endings import Stop
from .tool import misfits

# Gateways answer a refused tool call with a text that starts like this, so that any framework ends normally.
REFUSAL = "The gateway did not let this tool call pass: "
_LOOP = "without progress"
_NO_CALLS_LEFT = re.compile(r"may \w+ \d+ tool[_ ]calls")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that the model proposes; `arguments` is JSON as text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `key` is its step's; `parsed` is set where an output model was asked for."""

    key: str
    text: str
    calls: tuple[Call, ...]
    finish: str
    clamped: bool = False
    parsed: Any = None

    @property
    def refusal(self) -> str:
        """What the gateway said of a tool call that it did not let pass, else empty."""
        at = self.text.find(REFUSAL)
        return self.text[at + len(REFUSAL) :] if at >= 0 and not self.calls else ""

    @property
    def stop(self) -> Stop | None:
        """What that means for the run, if asking again cannot help: a loop, or no tool call left."""
        refusal = self.refusal
        if _LOOP in refusal:
            return "loop"
        return "tool_calls" if _NO_CALLS_LEFT.search(refusal) else None


def read(key: str, body: Mapping[str, Any]) -> Reply:
    """Return the reply that an `answered` event holds."""
    message = body["message"]
    calls = tuple(
        Call(str(call["id"]), str(call["function"]["name"]), str(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    )
    return Reply(key, str(message.get("content") or ""), calls, str(body["finish"]), bool(body.get("clamped")))


def parse(text: str, output: type[pydantic.BaseModel]) -> tuple[Any, str]:
    """Return the text as `output`, or None and what does not fit. A fenced block is read as its inside."""
    inner = text.strip()
    if inner.startswith("```"):
        inner = inner.partition("\n")[2].rpartition("```")[0]
    try:
        return output.model_validate_json(inner), ""
    except pydantic.ValidationError as error:
        return None, misfits(error)
