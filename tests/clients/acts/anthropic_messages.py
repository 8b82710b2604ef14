# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""The official `anthropic` client."""

import anthropic
from acting import CITY, QUESTION, RESULT, TEXT, caught, run

client = anthropic.Anthropic()
TOOL = {"name": "weather", "description": "Tells the weather.", "input_schema": CITY}


def plain(model="m"):
    """Ask."""
    messages = [{"role": "user", "content": TEXT}]
    return client.messages.create(model=model, max_tokens=200, messages=messages).content[0].text


def stream(model="m"):
    """Ask for a stream; what came in pieces is what the end says."""
    messages = [{"role": "user", "content": TEXT}]
    with client.messages.stream(model=model, max_tokens=200, messages=messages) as events:
        text = "".join(events.text_stream)
        assert events.get_final_message().content[0].text == text
    return text


def tools():
    """Let a tool be called and give its result back."""
    asked = {"model": "m", "max_tokens": 200, "tools": [TOOL]}
    messages = [{"role": "user", "content": QUESTION}]
    said = client.messages.create(messages=messages, **asked)
    (call,) = (block for block in said.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": RESULT}
    messages += [{"role": "assistant", "content": said.content}, {"role": "user", "content": [result]}]
    return {"arguments": call.input, "after": client.messages.create(messages=messages, **asked).content[0].text}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


run(globals())
