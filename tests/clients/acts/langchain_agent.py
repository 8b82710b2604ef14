# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""LangChain: its chat model of OpenAI's, and an agent made with `create_agent`."""

from acting import LAUNCH, QUESTION, RESULT, TEXT, caught, run
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

got = {}


def weather(city: str) -> str:
    """Tell the weather."""
    got["city"] = city
    return RESULT


def plain(model="m"):
    """Ask."""
    return ChatOpenAI(model=model).invoke(TEXT).text


def stream(model="m"):
    """Ask for a stream."""
    return "".join(chunk.text for chunk in ChatOpenAI(model=model).stream(TEXT))


def tools():
    """Run an agent with a tool."""
    agent = create_agent(ChatOpenAI(model="m"), tools=[weather])
    said = agent.invoke({"messages": [{"role": "user", "content": QUESTION}]})["messages"]
    return {"arguments": got, "after": said[-1].text}


def refused():
    """Run an agent whose model calls a tool that it does not have."""
    agent = create_agent(ChatOpenAI(model="m"), tools=[weather])
    asked = {"messages": [{"role": "user", "content": LAUNCH}]}
    streamed = "".join(message.text for message, _ in agent.stream(asked, stream_mode="messages"))
    return {"plain": agent.invoke(asked)["messages"][-1].text, "stream": streamed}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is, from within an agent."""
    agent = create_agent(ChatOpenAI(model="dear"), tools=[weather])
    asked = {"messages": [{"role": "user", "content": QUESTION}]}
    return {
        "plain": caught(lambda: agent.invoke(asked)),
        "stream": caught(lambda: list(agent.stream(asked, stream_mode="messages"))),
    }


run(globals())
