# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""LiteLLM's SDK (not its proxy), with OpenAI's models."""

import json

import litellm
from acting import CITY, QUESTION, RESULT, TEXT, caught, run

TOOL = {"type": "function", "function": {"name": "weather", "parameters": CITY}}


def _ask(model="m", messages=None, **members):
    return litellm.completion(f"openai/{model}", messages or [{"role": "user", "content": TEXT}], **members)


def plain(model="m"):
    """Ask."""
    return _ask(model).choices[0].message.content


def stream(model="m"):
    """Ask for a stream."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in _ask(model, stream=True))


def tools():
    """Let a tool be called and give its result back."""
    messages = [{"role": "user", "content": QUESTION}]
    said = _ask(messages=messages, tools=[TOOL]).choices[0].message
    (call,) = said.tool_calls
    messages += [said, {"role": "tool", "tool_call_id": call.id, "content": RESULT}]
    after = _ask(messages=messages, tools=[TOOL]).choices[0].message
    return {"arguments": json.loads(call.function.arguments), "after": after.content}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


run(globals())
