"""Tools of the configuration: what does not fit its kind, or would undo a mark, is refused with a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import ConfigError, parse
from gateway.config.tree import Config
from gateway.config.values import Reading

FIND = {"name": "find", "kind": "http", "url": "https://tools.example/find"}
PAY = {"name": "pay", "kind": "http", "url": "https://tools.example/pay", "writes": True}


def read(*tools: dict[str, Any]) -> Config:
    return parse(json.dumps({"tools": tools}), Reading(Path("/srv"), {}))


def test_a_tool_may_be_repeated_if_that_is_harmless() -> None:
    asked: list[dict[str, Any]] = [FIND, {**FIND, "method": "GET"}, {**FIND, "method": "GET", "sends": True}]
    asked += [{**PAY, "idempotent": True}, {**PAY, "idempotency_header": "idempotency-key"}]
    made = [read(tool).tools[0].repeatable for tool in asked]
    assert made == [False, True, False, True, True]


def test_a_document_lies_beside_the_file() -> None:
    tool = {"name": "find", "kind": "openapi", "url": "https://t.example", "document": "api.yaml", "operation": "find"}
    assert read(tool).tools[0].document == Path("/srv/api.yaml")
    assert read(tool).tools[0].headers is None


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        ({"name": "x", "kind": "local", "url": "https://t.example"}, "runs at the client"),
        ({"name": "x", "kind": "openapi", "url": "https://t.example"}, "names its document"),
        ({"name": "x", "kind": "http"}, "url must start"),
        ({"name": "x", "kind": "http", "url": "http://t.example"}, "plain http"),
        ({"name": "x", "kind": "http", "url": "https://{q}.example/"}, "no argument in its host"),
        ({"name": "x", "kind": "http", "url": "https://me:pw@t.example/"}, "no user"),
        ({**FIND, "fallback": "find"}, "its own fallback"),
        ({**FIND, "fallback": "nowhere"}, "no tool named 'nowhere'"),
        ({**PAY, "cache_ttl_s": 5}, "not cached, stored or replaced"),
        ({**PAY, "stored_answer": "paid"}, "not cached, stored or replaced"),
        ({**FIND, "private_networks": ["10.0.0.0/99"]}, "write a network"),
        ({**FIND, "name": "no spaces"}, "name"),
    ],
)
def test_what_does_not_fit_is_said(tool: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(tool)


def test_what_stands_in_neither_writes_nor_sends_nor_runs_at_the_client() -> None:
    for other in (PAY, {"name": "pay", "kind": "local"}):
        with pytest.raises(ConfigError, match="cannot stand in"):
            read({**FIND, "fallback": "pay"}, other)
    with pytest.raises(ConfigError, match="there twice"):
        read(FIND, FIND)
