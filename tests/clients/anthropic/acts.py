# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""What the official `anthropic` client does, one act after the other; each tells as JSON what it saw.

Pointed by ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY alone; retries are the client's own default.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import anthropic

TOOL = {
    "name": "weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def _ask(text: str, **members: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 200, "messages": [{"role": "user", "content": text}], **members}


def plain(client: anthropic.Anthropic) -> Any:
    reply = client.messages.create(**_ask("write to bob@example.com"))
    return {"text": reply.content[0].text, "stop": reply.stop_reason, "output": reply.usage.output_tokens}


def stream(client: anthropic.Anthropic) -> Any:
    with client.messages.stream(**_ask("write to bob@example.com please")) as events:
        pieces = list(events.text_stream)
        final = events.get_final_message()
    return {"text": "".join(pieces), "final": final.content[0].text, "stop": final.stop_reason}


def tools(client: anthropic.Anthropic) -> Any:
    """Let a tool be called, plain and streamed, and give its result back."""
    told = {}
    for name in ("plain", "stream"):
        asked = _ask("what is the weather at anna@example.com?", tools=[TOOL])
        if name == "plain":
            reply = client.messages.create(**asked)
        else:
            with client.messages.stream(**asked) as events:
                reply = events.get_final_message()
        call = next(block for block in reply.content if block.type == "tool_use")
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "rain"}]}
        asked["messages"] += [
            {"role": "assistant", "content": [block.to_dict() for block in reply.content]},
            {"role": "user", "content": [result]},
        ]
        after = client.messages.create(**asked)
        told[name] = {"input": call.input, "stop": reply.stop_reason, "after": after.content[0].text}
    return told


def refused(client: anthropic.Anthropic) -> Any:
    """Let the model call a tool that was not offered."""
    told = {}
    for name in ("plain", "stream"):
        asked = _ask("what is the weather?", tools=[{**TOOL, "name": "other"}])
        if name == "plain":
            reply = client.messages.create(**asked)
        else:
            with client.messages.stream(**asked) as events:
                reply = events.get_final_message()
        told[name] = {"kinds": [block.type for block in reply.content], "stop": reply.stop_reason}
        told[name]["last"] = reply.content[-1].text
    return told


def _caught(act: Callable[[], Any]) -> dict[str, Any]:
    try:
        act()
    except anthropic.APIStatusError as error:
        return {"kind": type(error).__name__, "status": error.status_code, "body": error.body}
    return {}


def error(client: anthropic.Anthropic) -> Any:
    return _caught(lambda: client.messages.create(**{**_ask("x"), "model": "nobody"}))


def key(client: anthropic.Anthropic) -> Any:
    return _caught(lambda: client.copy(api_key="sk-th-wrong").messages.create(**_ask("x")))


def budget(client: anthropic.Anthropic) -> Any:
    return {
        "plain": _caught(lambda: client.messages.create(**_ask("x"))),
        "stream": _caught(lambda: client.messages.create(**_ask("x", stream=True))),
    }


def broken(client: anthropic.Anthropic) -> Any:
    """Read a stream whose upstream breaks after its beginning."""
    seen: list[str] = []

    def act() -> None:
        for event in client.messages.create(**_ask("a long answer that is cut", stream=True)):
            seen.append(event.type)  # noqa: PERF401 - what was seen before it broke counts

    return {"caught": _caught(act), "seen": seen}


def count(client: anthropic.Anthropic) -> Any:
    asked = _ask("how many is this for bob@example.com?")
    del asked["max_tokens"]
    return client.messages.count_tokens(**asked).input_tokens


def models(client: anthropic.Anthropic) -> Any:
    return [model.id for model in client.models.list()]


if __name__ == "__main__":
    acts = {act.__name__: act for act in (plain, stream, tools, refused, error, key, budget, broken, count, models)}
    sys.stdout.write(json.dumps({name: acts[name](anthropic.Anthropic()) for name in sys.argv[1:]}))
