"""An agent of pydantic-ai. Its messages are captured while it runs, so nothing is lost when the run ends.

tollhouse exec --tokens 20000 -- python pydantic_ai_agent.py
"""

import os

from pydantic_ai import Agent, ModelHTTPError, capture_run_messages
from tickets import read_ticket

TASK = "Read tickets 1 to 8, one after the other, and say what customers complain about."

agent = Agent(f"openai:{os.environ.get('MODEL', 'gpt-4o-mini')}", tools=[read_ticket])
said = ""

with capture_run_messages() as messages:
    try:
        said = agent.run_sync(TASK).output
    except ModelHTTPError as error:
        if not isinstance(error.body, dict) or error.body["code"] != "budget_exceeded":
            raise
        # 402, which nothing repeats. `param` says what is used up: run.tokens, run.usd, run.steps …
        print("stopped by", error.body["param"])

parts = [part for message in messages for part in message.parts]
print("tickets read:", sum(part.part_kind == "tool-return" for part in parts))
print("last word:   ", said)
