"""An agent of LangChain and LangGraph. What it has done is in its checkpoints, so nothing is lost when the run ends.

tollhouse exec --tokens 20000 -- python langgraph_agent.py
"""

import os

import openai
from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver
from tickets import read_ticket

TASK = "Read tickets 1 to 8, one after the other, and say what customers complain about."

agent = create_agent(
    f"openai:{os.environ.get('MODEL', 'gpt-4o-mini')}", tools=[read_ticket], checkpointer=InMemorySaver()
)
thread = {"configurable": {"thread_id": "complaints"}}

said = ""

try:
    said = agent.invoke({"messages": [{"role": "user", "content": TASK}]}, thread)["messages"][-1].text
except openai.APIStatusError as error:
    if error.code != "budget_exceeded":
        raise
    # 402, which nothing repeats. `error.param` says what is used up: run.tokens, run.usd, run.steps …
    print("stopped by", error.param)

messages = agent.get_state(thread).values["messages"]
print("tickets read:", sum(message.type == "tool" for message in messages))
print("last word:   ", said)
