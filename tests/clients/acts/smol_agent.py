# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""smolagents: its model of OpenAI's, and an agent that calls tools."""

from acting import QUESTION, RESULT, TEXT, caught, run
from smolagents import ChatMessage, OpenAIModel, ToolCallingAgent, tool

got = {}


@tool
def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: where
    """
    got["city"] = city
    return RESULT


def _asked():
    return [ChatMessage(role="user", content=[{"type": "text", "text": TEXT}])]


def plain(model="m"):
    """Ask."""
    return OpenAIModel(model).generate(_asked()).content


def stream(model="m"):
    """Ask for a stream."""
    return "".join(delta.content or "" for delta in OpenAIModel(model).generate_stream(_asked()))


def tools():
    """Run an agent with a tool; it ends by calling a tool of its own, `final_answer`."""
    return {
        "after": ToolCallingAgent(tools=[weather], model=OpenAIModel("m"), max_steps=4).run(QUESTION),
        "arguments": got,
    }


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is, from within an agent."""
    agent = ToolCallingAgent(tools=[weather], model=OpenAIModel("dear"), max_steps=4)
    return {
        "plain": caught(lambda: agent.run(QUESTION)),
        "stream": caught(lambda: list(agent.run(QUESTION, stream=True))),
    }


run(globals())
