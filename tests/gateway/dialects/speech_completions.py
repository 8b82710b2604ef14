"""OpenAI's legacy Completions as a client and as the provider have it, written from the published API reference."""

from typing import Any

from gateway.dialects.openai_completions import OpenAICompletions
from tests.gateway.dialects.conformance import Heard, Speech, Spoken, Tree

USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
REQUEST: Tree = {
    "model": "gpt-3.5-turbo-instruct",
    "prompt": ["Say this is a test", "What is here?"],
    "suffix": "It ends so.",
    "max_tokens": 7,
    "temperature": 0,
    "n": 1,
    "logprobs": 2,
    "echo": False,
    "stop": "\n",
    "logit_bias": {"50256": -100},
    "user": "user-1234",
}
HEAD: Tree = {
    "id": "cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7",
    "object": "text_completion",
    "created": 1_589_478_378,
    "model": "x",
}


def asked(text: str, tools: Any, stream: bool) -> Tree:  # noqa: ARG001 - there are none
    tree: Tree = {"model": "m", "prompt": text}
    return {**tree, "stream": True, "stream_options": {"include_usage": True}} if stream else tree


def _choice(text: str, finish: str | None) -> Tree:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}


def plain(spoken: Spoken) -> Tree:
    return {**HEAD, "choices": [_choice("".join(spoken.text), "stop")], "usage": USAGE}


def stream(spoken: Spoken) -> list[Tree]:
    pieces = [{**HEAD, "choices": [_choice(piece, None)]} for piece in spoken.text]
    return [*pieces, {**HEAD, "choices": [_choice("", "stop")]}, {**HEAD, "choices": [], "usage": USAGE}]


def heard(tree: Tree) -> Heard:
    (choice,), usage = tree["choices"], tree["usage"]
    assert tree["object"] == "text_completion"
    tokens = usage["prompt_tokens"], usage["completion_tokens"]
    return Heard(text=choice["text"], finish=choice["finish_reason"], usage=tokens)


def followed(trees: list[Tree]) -> Heard:
    """Follow a stream as clients do: add up the texts; after the finish only the usage."""
    told = Heard()
    for tree in trees:
        usage = tree.get("usage")
        told.usage = (usage["prompt_tokens"], usage["completion_tokens"]) if usage else told.usage
        for choice in tree["choices"]:
            assert told.finish is None
            told.text += choice["text"]
            told.finish = choice["finish_reason"]
    return told


SPEECH = Speech(
    dialect=OpenAICompletions(),
    asked=asked,
    plain=plain,
    stream=stream,
    heard=heard,
    followed=followed,
    goes_on=lambda tree, _calls, _result: tree,
    requests=(REQUEST, asked("x", [], stream=True)),
    limit_member="max_tokens",
    finish_plain="stop",
    finish_calls="stop",
    error_message=lambda tree: str(tree["error"]["message"]),
    done=b"data: [DONE]\n\n",
    calls=False,
)
