"""An agent of OpenAI's Agents SDK. Its session has what was done when the run ends.

tollhouse exec --tokens 20000 -- python openai_agents_agent.py
"""

import asyncio
import os

import openai
from agents import Agent, Runner, SQLiteSession, function_tool
from tickets import read_ticket

TASK = "Read tickets 1 to 8, one after the other, and say what customers complain about."

agent = Agent(name="analyst", model=os.environ.get("MODEL", "gpt-4o-mini"), tools=[function_tool(read_ticket)])


async def main() -> None:
    """Run the agent; tell what it came to."""
    session = SQLiteSession("complaints")
    said = ""
    try:
        said = (await Runner.run(agent, TASK, session=session)).final_output
    except openai.APIStatusError as error:
        if error.code != "budget_exceeded":
            raise
        # 402, which nothing repeats. `error.param` says what is used up: run.tokens, run.usd, run.steps …
        print("stopped by", error.param)
    items = await session.get_items()
    print("tickets read:", sum(item.get("type") == "function_call_output" for item in items))
    print("last word:   ", said)


asyncio.run(main())
