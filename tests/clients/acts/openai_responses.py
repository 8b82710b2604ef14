# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""The official `openai` client, the Responses API."""

import json

import openai
from acting import CITY, QUESTION, RESULT, TEXT, caught, run

client = openai.OpenAI()
TOOL = {"type": "function", "name": "weather", "parameters": CITY, "strict": True}


def plain(model="m"):
    """Ask."""
    return client.responses.create(model=model, input=TEXT).output_text


def stream(model="m"):
    """Ask for a stream; what came in pieces is what the end says."""
    with client.responses.stream(model=model, input=TEXT) as events:
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert events.get_final_response().output_text == text
    return text


def tools():
    """Let a tool be called and give its result back."""
    said = client.responses.create(model="m", input=QUESTION, tools=[TOOL], store=False)
    (call,) = (item for item in said.output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": RESULT}
    history = [{"role": "user", "content": QUESTION}, *said.output, result]
    after = client.responses.create(model="m", input=history, tools=[TOOL], store=False)
    return {"arguments": json.loads(call.arguments), "after": after.output_text}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


run(globals())
