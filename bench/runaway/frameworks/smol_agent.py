# The framework is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""smolagents, the agent that calls tools."""

from smolagents import OpenAIModel, ToolCallingAgent, tool
from watched import MODEL, TASK, search, tell

agent = ToolCallingAgent(tools=[tool(search)], model=OpenAIModel(MODEL))
tell(lambda: agent.run(TASK))
