# The script beside it is found when it runs.
# mypy: disable-error-code=import-not-found
"""curl: what comes over the wire, without a client that would mend it."""

import json
import os
import subprocess
from typing import Any

from acting import CITY, QUESTION, RESULT, TEXT, run

TOOL = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
ASKED = [{"role": "user", "content": TEXT}]


def _ask(**body: Any) -> tuple[int, int, str]:
    """Return curl's exit code, the status and the body; curl is told to try again whenever it finds that sensible."""
    command = ["curl", "--silent", "--no-buffer", "--fail-with-body", "--retry", "2", "--write-out", "\n%{http_code}"]
    key = f"Authorization: Bearer {os.environ['OPENAI_API_KEY']}"
    url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
    said = subprocess.run(
        [*command, "-H", key, url, "-d", json.dumps(body)], capture_output=True, text=True, check=False
    )
    text, _, status = said.stdout.rpartition("\n")
    return said.returncode, int(status), text


def _message(**body: Any) -> dict[str, Any]:
    code, status, text = _ask(model="m", **body)
    assert (code, status) == (0, 200), text
    message: dict[str, Any] = json.loads(text)["choices"][0]["message"]
    return message


def plain() -> Any:
    """Ask."""
    return _message(messages=ASKED)["content"]


def stream() -> str:
    """Ask for a stream."""
    _, _, text = _ask(model="m", messages=ASKED, stream=True)
    *events, last = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    assert last == "[DONE]"
    return "".join(json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events)


def tools() -> dict[str, Any]:
    """Let a tool be called and give its result back."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": QUESTION}]
    said = _message(messages=messages, tools=[TOOL])
    (call,) = said["tool_calls"]
    messages += [said, {"role": "tool", "tool_call_id": call["id"], "content": RESULT}]
    after = _message(messages=messages, tools=[TOOL])
    return {"arguments": json.loads(call["function"]["arguments"]), "after": after["content"]}


def _failed(**body: Any) -> dict[str, Any]:
    code, status, text = _ask(messages=ASKED, **body)
    return {"kind": f"exit code {code}", "status": status, "words": text}


def error() -> dict[str, Any]:
    """Ask a model that does not exist."""
    return _failed(model="nobody")


def budget() -> dict[str, Any]:
    """Ask for more than there is."""
    return {"plain": _failed(model="dear"), "stream": _failed(model="dear", stream=True)}


run(globals())
