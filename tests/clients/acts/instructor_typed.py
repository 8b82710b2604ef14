# The client is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""instructor: answers as types, which it asks for as the arguments of a tool that the model is forced to call."""

import instructor
from acting import QUESTION, RESULT, caught, run
from pydantic import BaseModel

ASKED = [{"role": "user", "content": QUESTION}]


class weather(BaseModel):  # noqa: N801 - the tool is called like its class
    """Tells the weather."""

    city: str


def plain(model="m"):
    """Ask for a type."""
    return instructor.from_provider(f"openai/{model}").create(response_model=weather, messages=ASKED).city


def stream(model="m"):
    """Ask for a type that fills while it arrives."""
    client = instructor.from_provider(f"openai/{model}")
    asked = [{"role": "user", "content": "in part: what is the weather?"}]
    return list(client.create_partial(response_model=weather, messages=asked))[-1].city


def tools():
    """Ask for a type, then for words."""
    client = instructor.from_provider("openai/m")
    typed = client.create(response_model=weather, messages=ASKED)
    after = client.create(response_model=None, messages=[*ASKED, {"role": "user", "content": RESULT}])
    return {"arguments": typed.model_dump(), "after": after.choices[0].message.content}


def error():
    """Ask a model that does not exist."""
    return caught(lambda: plain("nobody"))


def budget():
    """Ask for more than there is."""
    return {"plain": caught(lambda: plain("dear")), "stream": caught(lambda: stream("dear"))}


run(globals())
