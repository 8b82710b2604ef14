# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""What the official `openai` client of the 1.x line does, one act after the other; each tells as JSON what it saw.

Pointed by OPENAI_BASE_URL and OPENAI_API_KEY alone; retries are the client's own default.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import openai

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": CITY}}


def _ask(text: str, **members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **members}


def chat(client: openai.OpenAI) -> Any:
    reply = client.chat.completions.create(**_ask("write to bob@example.com"))
    chunks = client.chat.completions.create(**_ask("write to bob@example.com", stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return {"plain": reply.choices[0].message.content, "stream": text}


def responses(client: openai.OpenAI) -> Any:
    reply = client.responses.create(model="m", input="write to bob@example.com")
    with client.responses.stream(model="m", input="write to bob@example.com") as events:
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        final = events.get_final_response()
    return {"plain": reply.output_text, "stream": text, "final": final.output_text}


def tools(client: openai.OpenAI) -> Any:
    """Let a tool be called, give its result back; then let one be called that was not offered."""
    asked = _ask("what is the weather?", tools=[TOOL])
    reply = client.chat.completions.create(**asked).choices[0]
    (call,) = reply.message.tool_calls
    asked["messages"] += [reply.message, {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    after = client.chat.completions.create(**asked).choices[0]
    other = {"type": "function", "function": {"name": "other", "parameters": CITY}}
    refused = client.chat.completions.create(**_ask("what is the weather?", tools=[other])).choices[0]
    return {
        "arguments": call.function.arguments,
        "after": after.message.content,
        "refused": [refused.finish_reason, refused.message.content],
    }


def beside(client: openai.OpenAI) -> Any:
    vectors = client.embeddings.create(model="m", input=["bob@example.com", "b"]).data
    text = client.completions.create(model="m", prompt="write to bob@example.com").choices[0].text
    return {"vectors": len(vectors), "completion": text, "models": [model.id for model in client.models.list()]}


def _caught(act: Callable[[], Any]) -> dict[str, Any]:
    try:
        act()
    except openai.APIStatusError as error:
        return {"kind": type(error).__name__, "status": error.status_code, "code": error.code}
    return {}


def budget(client: openai.OpenAI) -> Any:
    return [
        _caught(lambda: client.chat.completions.create(**_ask("x"))),
        _caught(lambda: client.chat.completions.create(**_ask("x", stream=True))),
        _caught(lambda: client.responses.create(model="m", input="x")),
        _caught(lambda: client.embeddings.create(model="m", input="x")),
    ]


def error(client: openai.OpenAI) -> Any:
    return _caught(lambda: client.responses.create(model="nobody", input="x"))


if __name__ == "__main__":
    acts = {act.__name__: act for act in (chat, responses, tools, beside, budget, error)}
    sys.stdout.write(json.dumps({name: acts[name](openai.OpenAI()) for name in sys.argv[1:]}))
