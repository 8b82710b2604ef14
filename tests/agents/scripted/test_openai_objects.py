"""The scripted provider keeps responses and conversations, the latest so many, and says 404 for all else."""

import json
from typing import Any

import pytest

from agents.scripted.openai_objects import KEPT_MAX, Kept

RESPONSE = {"id": "resp_1", "object": "response", "output": [{"id": "msg_9", "type": "message"}]}


def kept_with(**asked: Any) -> Kept:
    kept = Kept()
    kept.take(json.dumps({"input": "hello", **asked}).encode(), RESPONSE)
    return kept


def test_a_response_is_kept_with_its_input_until_it_is_deleted() -> None:
    kept = kept_with()
    assert kept.answer("GET", "/v1/responses/resp_1", b"") == (200, RESPONSE)
    status, listed = kept.answer("GET", "/v1/responses/resp_1/input_items", b"")
    assert (status, listed["data"][0]["content"][0]["text"]) == (200, "hello")
    assert kept.answer("POST", "/v1/responses/resp_1/cancel", b"")[0] == 400
    assert kept.answer("PUT", "/v1/responses/resp_1", b"")[0] == 404
    assert kept.answer("DELETE", "/v1/responses/resp_1", b"")[1]["deleted"]
    assert kept.answer("GET", "/v1/responses/resp_1", b"")[0] == 404


def test_a_conversation_grows_by_items_and_by_responses() -> None:
    kept = Kept()
    _, begun = kept.answer("POST", "/v1/conversations", b"")
    path = f"/v1/conversations/{begun['id']}"
    assert kept.answer("GET", f"{path}/items", b"")[1]["first_id"] is None
    item = {"role": "user", "content": [{"type": "input_text", "text": "x"}]}
    _, added = kept.answer("POST", f"{path}/items", json.dumps({"items": [item]}).encode())
    kept.take(json.dumps({"input": [item], "conversation": {"id": begun["id"]}}).encode(), RESPONSE)
    assert len(kept.answer("GET", f"{path}/items", b"")[1]["data"]) == 3
    named = added["data"][0]["id"]
    assert kept.answer("GET", f"{path}/items/{named}", b"")[1]["role"] == "user"
    kept.answer("DELETE", f"{path}/items/{named}", b"")
    assert kept.answer("GET", f"{path}/items/{named}", b"")[0] == 404
    assert kept.answer("PUT", f"{path}/items", b"")[0] == 404
    assert kept.answer("POST", path, b'{"metadata": {"a": "b"}}')[1]["metadata"] == {"a": "b"}
    assert kept.answer("GET", path, b"")[1]["metadata"] == {"a": "b"}
    assert kept.answer("DELETE", path, b"")[1]["deleted"]
    assert kept.answer("GET", path, b"")[0] == 404


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/responses/none"])
def test_what_is_not_kept_is_404(path: str) -> None:
    assert Kept().answer("GET", path, b"")[0] == 404


def test_the_oldest_goes_first() -> None:
    kept = Kept()
    ids = [kept.answer("POST", "/v1/conversations", b"{}")[1]["id"] for _ in range(KEPT_MAX + 1)]
    assert kept.answer("GET", f"/v1/conversations/{ids[0]}", b"")[0] == 404
    assert kept.answer("GET", f"/v1/conversations/{ids[1]}", b"")[0] == 200
