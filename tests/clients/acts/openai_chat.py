# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""The official `openai` client, chat completions."""

import json

import openai
from acting import CITY, QUESTION, RESULT, TEXT, caught, run

client = openai.OpenAI()
TOOL = {"type": "function", "function": {"name": "weather", "parameters": CITY}}


def plain(model="m"):
    """Ask."""
    messages = [{"role": "user", "content": TEXT}]
    return client.chat.completions.create(model=model, messages=messages).choices[0].message.content


def stream(model="m"):
    """Ask for a stream."""
    chunks = client.chat.completions.create(model=model, messages=[{"role": "user", "content": TEXT}], stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def tools():
    """Let a tool be called and give its result back."""
    messages = [{"role": "user", "content": QUESTION}]
    said = client.chat.completions.create(model="m", messages=messages, tools=[TOOL]).choices[0].message
    (call,) = said.tool_calls
    messages += [said, {"role": "tool", "tool_call_id": call.id, "content": RESULT}]
    after = client.chat.completions.create(model="m", messages=messages, tools=[TOOL]).choices[0].message
    return {"arguments": json.loads(call.function.arguments), "after": after.content}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


run(globals())
