"""An agent of Microsoft's Agent Framework, AutoGen's successor.

tollhouse exec --tokens 20000 -- python agent_framework_agent.py
"""

import asyncio
import os

import openai
from agent_framework import Agent
from agent_framework.exceptions import ChatClientException
from agent_framework.openai import OpenAIChatClient
from tickets import read_ticket

TASK = "Read tickets 1 to 8, one after the other, and say what customers complain about."

read: list[int] = []


def read_one(number: int) -> str:
    """Read a ticket, and note that it was read."""
    read.append(number)
    return read_ticket(number)


async def main() -> None:
    """Run the agent; tell what it came to."""
    agent = Agent(OpenAIChatClient(model=os.environ.get("MODEL", "gpt-4o-mini")), tools=[read_one])
    said = ""
    try:
        said = (await agent.run(TASK)).text
    except ChatClientException as error:
        cause = error.__cause__
        if not isinstance(cause, openai.APIStatusError) or cause.code != "budget_exceeded":
            raise
        # 402, which nothing repeats. `param` says what is used up: run.tokens, run.usd, run.steps …
        print("stopped by", cause.param)
    print("tickets read:", len(read))
    print("last word:   ", said)


asyncio.run(main())
