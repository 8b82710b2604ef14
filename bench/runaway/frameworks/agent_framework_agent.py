# The framework is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""Microsoft's Agent Framework."""

import asyncio

from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient
from watched import MODEL, TASK, search, tell

agent = Agent(OpenAIChatClient(model=MODEL), tools=[search])
tell(lambda: asyncio.run(agent.run(TASK)).text)
