"""MCP servers of the configuration."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.mcp import McpServer
from gateway.config.rule import Rule
from gateway.config.values import Secret

NOTES = {"name": "notes", "url": "https://notes.example/mcp", "deadline_s": 5}


def server(**more: Any) -> McpServer:
    return McpServer.model_validate({**NOTES, **more})


def test_a_tool_that_is_not_named_is_taken_to_write() -> None:
    known = server(tools=[{"name": "find", "price_usd": "0.5", "approval_when": ["has q"], "touches": ["n"]}])
    find, other = known.tool("find"), known.tool("other")
    assert (find.name, find.writes, str(find.price_usd), find.deadline_s) == ("notes.find", False, "0.5", 5)
    assert find.approval_when == (Rule("has q"),)
    assert find.touches == ("n",)
    assert not find.repeatable
    assert (other.name, other.writes, str(other.price_usd), other.approval) == ("notes.other", True, "0", "when")


@pytest.mark.parametrize(
    "url", ["http://notes.example/mcp", "ftp://a.example", "https://me@a.example", "https://a.example/#x"]
)
def test_a_server_has_an_address_that_shows_nothing(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        server(url=url)


def test_a_server_is_a_program_with_an_environment_or_has_an_address() -> None:
    secret = Secret("env/X", "hush")
    program = McpServer(name="n", command=("/bin/x", "a"), environment={"A": "b"}, environment_secrets={"C": secret})
    assert program.environ() == {"A": "b", "C": "hush"}
    assert program.hidden() == ["hush"]
    assert "hush" not in repr(program)
    assert McpServer(name="n", command=("/bin/x",)).environ() == {}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"command": ["npx", "server"]}, "absolute"),
        ({"command": ["/bin/x", "a\0b"]}, "NUL"),
        ({"command": ["/bin/x"], "url": "https://a.example"}, "or a command"),
        ({"command": ["/bin/x"], "headers": {"a": "b"}}, "or a command"),
        ({"url": "https://a.example", "environment": {"A": "b"}}, "belongs to a command"),
        ({"command": ["/bin/x"], "environment": {"A=B": "b"}}, "environment"),
        ({}, "url"),
    ],
)
def test_a_server_s_place_is_said_once_and_well(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        McpServer.model_validate({"name": "n", **said})
