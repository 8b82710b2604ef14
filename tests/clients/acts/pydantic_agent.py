# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""pydantic-ai, with OpenAI's models."""

import asyncio

from acting import LAUNCH, QUESTION, RESULT, TEXT, caught, run
from pydantic_ai import Agent

loop = asyncio.Runner()  # the client keeps its connections, so one loop for all
got = {}


def weather(city: str) -> str:
    """Tell the weather."""
    got["city"] = city
    return RESULT


def plain(model="m"):
    """Ask."""
    return loop.run(Agent(f"openai:{model}").run(TEXT)).output


async def _stream(model, asked=TEXT, tools=()):
    async with Agent(f"openai:{model}", tools=tools).run_stream(asked) as result:
        return "".join([piece async for piece in result.stream_text(delta=True)])


def stream(model="m"):
    """Ask for a stream."""
    return loop.run(_stream(model))


def tools():
    """Run an agent with a tool."""
    return {"after": loop.run(Agent("openai:m", tools=[weather]).run(QUESTION)).output, "arguments": got}


def refused():
    """Run an agent whose model calls a tool that it does not have."""
    plainly = loop.run(Agent("openai:m", tools=[weather]).run(LAUNCH)).output
    return {"plain": plainly, "stream": loop.run(_stream("m", LAUNCH, [weather]))}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


with loop:
    run(globals())
