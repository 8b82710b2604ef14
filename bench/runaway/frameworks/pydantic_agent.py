# The framework is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""pydantic-ai."""

from pydantic_ai import Agent
from watched import MODEL, TASK, search, tell

agent = Agent(f"openai:{MODEL}", tools=[search])
tell(lambda: agent.run_sync(TASK).output)
