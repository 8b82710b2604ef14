"""Which dialect is spoken where."""

from random import Random

from gateway.config.tools import ConfiguredTool
from gateway.served import model_routes, tool_routes
from gateway.tools.mcp import McpServers
from gateway.tools.offers import Tools
from gateway.tools.pins import Pins
from limits.clock import SystemClock


def test_every_route_has_its_own_dialect() -> None:
    assert {"/v1/chat/completions", "/v1/responses", "/v1/messages"} <= model_routes().keys()


async def test_a_tool_has_the_routes_of_its_kind() -> None:
    clock, chance = SystemClock(), Random(1)
    tools = Tools(
        (
            ConfiguredTool.model_validate({"name": "find", "kind": "http", "url": "https://t.example"}),
            ConfiguredTool.model_validate({"name": "read", "kind": "local"}),
        ),
        clock,
        chance,
    )
    servers = McpServers((), Pins(lambda *_: [], b"s" * 32), clock, chance, b"s" * 32)
    routes = tool_routes(tools, servers)
    assert routes.keys() == {"/v1/tools/find/call", "/v1/tools/read/authorize", "/v1/tools/read/result"}
    await tools.close()
