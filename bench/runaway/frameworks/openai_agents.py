# The framework is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""OpenAI's Agents SDK."""

from watched import MODEL, TASK, search, tell

from agents import Agent, Runner, function_tool

agent = Agent(name="analyst", model=MODEL, tools=[function_tool(search)])
tell(lambda: Runner.run_sync(agent, TASK).final_output)
