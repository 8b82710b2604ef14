# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""pydantic-ai, with OpenAI's models."""

import asyncio

from acting import QUESTION, RESULT, TEXT, caught, run
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


async def _stream(model):
    async with Agent(f"openai:{model}").run_stream(TEXT) as result:
        return "".join([piece async for piece in result.stream_text(delta=True)])


def stream(model="m"):
    """Ask for a stream."""
    return loop.run(_stream(model))


def tools():
    """Run an agent with a tool."""
    return {"after": loop.run(Agent("openai:m", tools=[weather]).run(QUESTION)).output, "arguments": got}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


with loop:
    run(globals())
