"""What a provider of Responses keeps: responses with their input, and conversations; in memory, the latest so many.

`GET | DELETE /v1/responses/{id}`, `POST …/cancel`, `GET …/input_items`; `POST /v1/conversations`, `GET | POST | DELETE
/v1/conversations/{id}`, `GET | POST …/items`, `GET | DELETE …/items/{item}`. Nothing of it is billed.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any

import orjson

KEPT_MAX = 1_000
Tree = dict[str, Any]
Answer = tuple[int, Tree]


class Kept:
    """Responses and conversations by id; used from one event loop only."""

    def __init__(self) -> None:
        self._responses: OrderedDict[str, tuple[Tree, list[Tree]]] = OrderedDict()
        self._conversations: OrderedDict[str, tuple[Tree, list[Tree]]] = OrderedDict()

    def take(self, asked: bytes, response: Tree) -> None:
        """Keep a response, and add it to its conversation."""
        tree = orjson.loads(asked)
        said = tree["input"]
        items = [_item(item) for item in ([{"role": "user", "content": said}] if isinstance(said, str) else said)]
        _put(self._responses, response["id"], (response, items))
        conversation = tree.get("conversation")
        named = str(conversation.get("id") if isinstance(conversation, dict) else conversation)
        if named in self._conversations:
            self._conversations[named][1].extend([*items, *response["output"]])

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Answer a request for what is kept; 404 for what is not."""
        kind, *rest = path.removeprefix("/v1/").split("/")
        if kind == "conversations" and not rest and method == "POST":
            return self._begin(orjson.loads(body or b"{}"))
        shelf = self._responses if kind == "responses" else self._conversations
        kept = shelf.get(rest[0]) if rest else None
        if kept is None:
            return _missing(rest[0] if rest else path)
        if kind == "responses":
            return self._response(method, rest[0], rest[1:], *kept)
        return self._conversation(method, rest, kept, orjson.loads(body or b"{}"))

    def _response(self, method: str, named: str, rest: list[str], response: Tree, items: list[Tree]) -> Answer:
        match (method, *rest):
            case ("GET",):
                return 200, response
            case ("GET", "input_items"):
                return 200, _list(items)
            case ("DELETE",):
                del self._responses[named]
                return 200, {"id": named, "object": "response", "deleted": True}
            case ("POST", "cancel"):
                words = "Only responses with background=true can be cancelled."
                return 400, {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}}
        return _missing(named)

    def _begin(self, asked: Tree) -> Answer:
        named = f"conv_{secrets.token_hex(16)}"
        tree = {"id": named, "object": "conversation", "created_at": 0, "metadata": asked.get("metadata") or {}}
        _put(self._conversations, named, (tree, [_item(item) for item in asked.get("items") or ()]))
        return 200, tree

    def _conversation(self, method: str, steps: list[str], kept: tuple[Tree, list[Tree]], asked: Tree) -> Answer:
        named, *rest = steps
        tree = kept[0]
        if rest[:1] == ["items"]:
            return _items(method, rest[1:], kept, asked)
        if method == "DELETE":
            del self._conversations[named]
            return 200, {"id": named, "object": "conversation.deleted", "deleted": True}
        if method == "POST":
            tree["metadata"] = asked["metadata"]
        return 200, tree


def _items(method: str, rest: list[str], kept: tuple[Tree, list[Tree]], asked: Tree) -> Answer:
    tree, items = kept
    match (method, *rest):
        case ("GET",):
            return 200, _list(items)
        case ("POST",):
            new = [_item(item) for item in asked["items"]]
            items.extend(new)
            return 200, _list(new)
        case ("GET", item):
            return next(((200, each) for each in items if each["id"] == item), _missing(item))
        case ("DELETE", item):
            items[:] = [each for each in items if each["id"] != item]
            return 200, tree
    return _missing("items")


def _item(item: Tree) -> Tree:
    kept = {"id": f"msg_{secrets.token_hex(12)}", "type": "message", "status": "completed", **item}
    if isinstance(kept.get("content"), str):
        kept["content"] = [{"type": "input_text", "text": kept["content"]}]
    return kept


def _list(items: list[Tree]) -> Tree:
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return {"object": "list", "data": items, "has_more": False, **ends}


def _missing(named: str) -> Answer:
    words = f"'{named}' not found."
    return 404, {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}}


def _put(shelf: OrderedDict[str, tuple[Tree, list[Tree]]], named: str, kept: tuple[Tree, list[Tree]]) -> None:
    shelf[named] = kept
    while len(shelf) > KEPT_MAX:
        shelf.popitem(last=False)
