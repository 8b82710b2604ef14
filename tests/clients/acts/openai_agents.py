# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""OpenAI's Agents SDK, as it is: over the Responses API."""

import asyncio

from acting import LAUNCH, QUESTION, RESULT, TEXT, caught, run

from agents import Agent, Runner, function_tool

loop = asyncio.Runner()  # the client keeps its connections, so one loop for all
got = {}


@function_tool
def weather(city: str) -> str:
    """Tell the weather."""
    got["city"] = city
    return RESULT


async def _plain(model):
    return (await Runner.run(Agent(name="a", model=model), TEXT)).final_output


def plain(model="m"):
    """Ask."""
    return loop.run(_plain(model))


async def _stream(model, asked=TEXT, tools=()):
    result = Runner.run_streamed(Agent(name="a", model=model, tools=list(tools)), asked)
    deltas = [
        event.data.delta
        async for event in result.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    return "".join(deltas)


def stream(model="m"):
    """Ask for a stream."""
    return loop.run(_stream(model))


def tools():
    """Run an agent with a tool."""
    result = loop.run(Runner.run(Agent(name="a", model="m", tools=[weather]), QUESTION))
    return {"arguments": got, "after": result.final_output}


def refused():
    """Run an agent whose model calls a tool that it does not have."""
    plainly = loop.run(Runner.run(Agent(name="a", model="m", tools=[weather]), LAUNCH))
    return {"plain": plainly.final_output, "stream": loop.run(_stream("m", LAUNCH, [weather]))}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


with loop:
    run(globals())
