# The SDK is installed in its own environment, so its types are not known here.
# mypy: ignore-errors
"""What the official SDK's client does at MCP_URL, with a key; each act is a version of the protocol."""

import asyncio
import json
import os
import sys
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client


async def texts(client: Client, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call a tool; return its text, or how it failed."""
    try:
        result = await client.call_tool(name, arguments)
    except MCPError as error:
        return {"raised": type(error).__name__, "words": str(error)[:300]}
    return {"error": bool(result.is_error), "text": "".join(getattr(c, "text", "") for c in result.content)}


async def talk(mode: str) -> dict[str, Any]:
    """Do it all in one version of the protocol."""
    headers = {"authorization": f"Bearer {os.environ['MCP_KEY']}", "x-run-id": os.environ.get("MCP_RUN", "errand")}
    told: dict[str, Any] = {}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
        transport = streamable_http_client(os.environ["MCP_URL"], http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=15) as client:
            told["tools"] = sorted(tool.name for tool in (await client.list_tools()).tools)
            if "find" in told["tools"]:
                told["find"] = await texts(client, "find", {"word": "rain", "count": 2})
                told["wrong"] = await texts(client, "find", {"word": 7})
            told["drop"] = await texts(client, "drop", {"name": "a"})
            told["think"] = await texts(client, "think", {})
            if "later" in told["tools"]:
                told["later"] = await texts(client, "later", {})
            told["resource"] = (await client.read_resource("note://one")).contents[0].text
            told["prompt"] = (await client.get_prompt("sum_up", {"text": "it"})).messages[0].content.text
    return told


async def main() -> None:
    """Do each act."""
    told = {act: await talk(act) for act in sys.argv[1:]}
    sys.stdout.write(json.dumps(told))


asyncio.run(main())
