# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""Microsoft's Agent Framework, with its client of OpenAI's Responses API."""

import asyncio

from acting import QUESTION, RESULT, TEXT, caught, run
from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient

loop = asyncio.Runner()  # the client keeps its connections, so one loop for all
got = {}


def weather(city: str) -> str:
    """Tell the weather."""
    got["city"] = city
    return RESULT


def plain(model="m"):
    """Ask."""
    return loop.run(Agent(OpenAIChatClient(model=model)).run(TEXT)).text


async def _stream(model):
    result = Agent(OpenAIChatClient(model=model)).run(TEXT, stream=True)
    pieces = [piece.text async for piece in result]
    text = (await result.get_final_response()).text
    assert "".join(pieces).startswith(text)  # the framework gives the whole text once more, to be put in its place
    return text


def stream(model="m"):
    """Ask for a stream."""
    return loop.run(_stream(model))


def tools():
    """Run an agent with a tool."""
    return {"after": loop.run(Agent(OpenAIChatClient(model="m"), tools=[weather]).run(QUESTION)).text, "arguments": got}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


with loop:
    run(globals())
