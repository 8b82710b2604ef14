# The framework is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""LangChain, `create_agent`."""

from langchain.agents import create_agent
from watched import MODEL, TASK, search, tell

agent = create_agent(f"openai:{MODEL}", tools=[search])
tell(lambda: agent.invoke({"messages": [{"role": "user", "content": TASK}]})["messages"][-1].text)
