"""OpenAI's Responses as a client and as the provider have it, written from the published API reference."""

import json
from typing import Any

from gateway.dialects.openai_responses import OpenAIResponses
from tests.gateway.dialects.conformance import SCHEMA, Calls, Heard, Speech, Spoken, Tree

USAGE = {
    "input_tokens": 23,
    "input_tokens_details": {"cached_tokens": 11, "cache_write_tokens": 5},
    "output_tokens": 13,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 36,
}
REQUEST: Tree = {
    "model": "gpt-5",
    "instructions": "You help.",
    "max_output_tokens": 1_000,
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "store": False,
    "metadata": {"team": "a"},
    "text": {"format": {"type": "text"}, "verbosity": "low"},
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "tools": [
        {"type": "function", "name": "weather", "description": "Tells.", "parameters": SCHEMA, "strict": True},
        {"type": "custom", "name": "shell", "format": {"type": "text"}},
    ],
    "input": [
        {"role": "developer", "content": "Be brief."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is here?"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Looking."}],
            "encrypted_content": "gAAAAABo",
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": '{"note":"Rome"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "15 degrees"},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "shell", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "a"}]},
    ],
}


def asked(text: str, tools: Any, stream: bool) -> Tree:
    tree: Tree = {"model": "m", "input": text, "metadata": {"note": text}, "instructions": f"Mind {text}"}
    if tools:
        tree["tools"] = [{"type": "function", "name": name, "parameters": SCHEMA} for name in tools]
    return {**tree, "stream": True} if stream else tree


def _items(spoken: Spoken) -> list[Tree]:
    items: list[Tree] = []
    if spoken.thinking:
        content = [{"type": "reasoning_text", "text": spoken.thinking}]
        items.append({"type": "reasoning", "id": "rs_0", "summary": [], "content": content, "encrypted_content": "gA"})
    if spoken.text or not spoken.calls:
        part = {"type": "output_text", "text": "".join(spoken.text), "annotations": [], "logprobs": []}
        message = {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed", "content": [part]}
        items.append(message)
    items += [
        {
            "type": "function_call",
            "id": f"fc_{call_id}",
            "call_id": call_id,
            "name": name,
            "arguments": "".join(pieces),
            "status": "completed",
        }
        for call_id, name, pieces in spoken.calls
    ]
    return items


def plain(spoken: Spoken) -> Tree:
    return {
        "id": "resp_67ccd2bed1ec8190b14f964abc054267",
        "object": "response",
        "created_at": 1_741_476_542,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "gpt-5",
        "output": _items(spoken),
        "parallel_tool_calls": True,
        "service_tier": "default",
        "tool_choice": "auto",
        "tools": [],
        "usage": USAGE,
    }


def _message(at: int, item: Tree, pieces: tuple[str, ...]) -> list[Tree]:
    place = {"item_id": item["id"], "output_index": at, "content_index": 0}
    part = item["content"][0]
    kind = "response.output_text" if part["type"] == "output_text" else "response.reasoning_text"
    logprobs: Tree = {"logprobs": []} if part["type"] == "output_text" else {}
    return [
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        *({"type": f"{kind}.delta", **place, "delta": piece, **logprobs} for piece in pieces),
        {"type": f"{kind}.done", **place, "text": part["text"], **logprobs},
        {"type": "response.content_part.done", **place, "part": part},
    ]


def stream(spoken: Spoken) -> list[Tree]:
    response = plain(spoken)
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    trees: list[Tree] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    calls = iter(spoken.calls)
    for at, item in enumerate(response["output"]):
        if item["type"] == "function_call":
            opening = {**item, "arguments": "", "status": "in_progress"}
            place = {"item_id": item["id"], "output_index": at}
            name = "response.function_call_arguments"
            inner = [{"type": f"{name}.delta", **place, "delta": piece} for piece in next(calls)[2]]
            inner.append({"type": f"{name}.done", **place, "arguments": item["arguments"]})
        else:
            opening = {**item, "content": [], "status": "in_progress"}
            inner = _message(at, item, spoken.text if item["type"] == "message" else (spoken.thinking,))
        trees.append({"type": "response.output_item.added", "output_index": at, "item": opening})
        trees += [*inner, {"type": "response.output_item.done", "output_index": at, "item": item}]
    trees.append({"type": "response.completed", "response": response})
    return [{**tree, "sequence_number": number} for number, tree in enumerate(trees)]


def heard(tree: Tree) -> Heard:
    assert tree["object"] == "response"
    usage = tree["usage"]
    told = Heard(finish=tree["status"], usage=(usage["input_tokens"], usage["output_tokens"]))
    for item in tree["output"]:
        if item["type"] == "function_call":
            told.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
        elif item["type"] == "reasoning":
            told.thinking += "".join(part["text"] for part in item.get("content") or ())
        else:
            assert (item["type"], item["status"]) == ("message", "completed")
            told.text += "".join(part["text"] for part in item["content"])
    return told


def followed(trees: list[Tree]) -> Heard:
    """Follow a stream as strictly as any client: numbers without gaps, each text said again as it was said."""
    assert [tree["sequence_number"] for tree in trees] == list(range(len(trees)))
    assert trees[0]["type"] == "response.created"
    assert trees[-1]["type"] == "response.completed"
    items: list[Tree] = []
    said: dict[tuple[int, int | None], str] = {}
    for tree in trees[1:-1]:
        kind, at = tree["type"], tree.get("output_index")
        if kind == "response.output_item.added":
            assert at == len(items)
            items.append(tree["item"])
        elif kind.endswith(".delta"):
            assert tree["item_id"] == items[tree["output_index"]]["id"]
            place = (tree["output_index"], tree.get("content_index"))
            said[place] = said.get(place, "") + tree["delta"]
        elif kind == "response.output_item.done":
            assert items[tree["output_index"]]["id"] == tree["item"]["id"]
            items[tree["output_index"]] = tree["item"]
            _agrees(tree["output_index"], tree["item"], said)
        elif kind == "response.content_part.done":
            assert tree["part"]["text"] == said.get((tree["output_index"], tree["content_index"]), "")
        elif kind.endswith(".done"):
            whole = tree.get("text", tree.get("arguments"))
            assert whole == said.get((tree["output_index"], tree.get("content_index")), "")
    response: Tree = trees[-1]["response"]
    assert response["output"] == items
    return heard(response)


def _agrees(at: int, item: Tree, said: dict[tuple[int, int | None], str]) -> None:
    if item["type"] == "function_call":
        assert item["arguments"] == said.get((at, None), "")
    for number, part in enumerate(item.get("content") or ()):
        assert part["text"] == said.get((at, number), "")


def goes_on(tree: Tree, calls: Calls, result: str) -> Tree:
    sent = tree["input"]
    items = [{"role": "user", "content": sent}] if isinstance(sent, str) else sent
    said = [
        {"type": "function_call", "call_id": call_id, "name": name, "arguments": json.dumps(given)}
        for call_id, name, given in calls
    ]
    results = [{"type": "function_call_output", "call_id": call_id, "output": result} for call_id, _, _ in calls]
    return {**tree, "input": [*items, *said, *results]}


SPEECH = Speech(
    dialect=OpenAIResponses(),
    asked=asked,
    plain=plain,
    stream=stream,
    heard=heard,
    followed=followed,
    goes_on=goes_on,
    requests=(REQUEST, asked("x", ["a"], stream=True)),
    limit_member="max_output_tokens",
    finish_plain="completed",
    finish_calls="completed",
    error_message=lambda tree: str(tree["error"]["message"]),
)
