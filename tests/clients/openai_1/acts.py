# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""What else the official `openai` client of the 1.x line does, one act after the other; each tells as JSON what it saw.

Pointed by OPENAI_BASE_URL and OPENAI_API_KEY alone; retries are the client's own default.
"""

import json
import sys
from typing import Any

import openai

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def refused(client: openai.OpenAI) -> Any:
    """Let a tool be called that was not offered."""
    other = {"type": "function", "function": {"name": "other", "parameters": CITY}}
    messages = [{"role": "user", "content": "what is the weather?"}]
    choice = client.chat.completions.create(model="m", messages=messages, tools=[other]).choices[0]
    return [choice.finish_reason, choice.message.content]


def beside(client: openai.OpenAI) -> Any:
    vectors = client.embeddings.create(model="m", input=["bob@example.com", "b"]).data
    text = client.completions.create(model="m", prompt="write to bob@example.com").choices[0].text
    return {"vectors": len(vectors), "completion": text, "models": [model.id for model in client.models.list()]}


def budget(client: openai.OpenAI) -> Any:
    try:
        client.embeddings.create(model="m", input="x")
    except openai.APIStatusError as error:
        return [error.status_code, error.code]
    return []


if __name__ == "__main__":
    acts = {act.__name__: act for act in (refused, beside, budget)}
    sys.stdout.write(json.dumps({name: acts[name](openai.OpenAI()) for name in sys.argv[1:]}))
