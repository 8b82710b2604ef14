# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""Microsoft's Agent Framework, with its client of OpenAI's Responses API."""

import asyncio

from acting import LAUNCH, QUESTION, RESULT, TEXT, caught, run
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


async def _stream(model, asked=TEXT, tools=()):
    result = Agent(OpenAIChatClient(model=model), tools=list(tools)).run(asked, stream=True)
    async for _ in result:  # pieces, and then the whole text once more, to be put in their place
        pass
    return (await result.get_final_response()).text


def stream(model="m"):
    """Ask for a stream."""
    return loop.run(_stream(model))


def tools():
    """Run an agent with a tool."""
    return {"after": loop.run(Agent(OpenAIChatClient(model="m"), tools=[weather]).run(QUESTION)).text, "arguments": got}


def refused():
    """Run an agent whose model calls a tool that it does not have."""
    plainly = loop.run(Agent(OpenAIChatClient(model="m"), tools=[weather]).run(LAUNCH)).text
    return {"plain": plainly, "stream": loop.run(_stream("m", LAUNCH, [weather]))}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


with loop:
    run(globals())
