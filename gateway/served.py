"""Which dialect is spoken where: the vendors' routes, each configured tool's own, each MCP server's place."""

from .dialects.anthropic_count import AnthropicCount
from .dialects.anthropic_messages import AnthropicMessages
from .dialects.mcp import McpDialect
from .dialects.openai_chat import OpenAIChat
from .dialects.openai_completions import OpenAICompletions
from .dialects.openai_embeddings import OpenAIEmbeddings, OpenAIModerations
from .dialects.openai_responses import OpenAIResponses
from .dialects.seam import Dialect
from .dialects.tool_call import Action, ToolDialect
from .tools.mcp import McpServers
from .tools.offers import Tools
from .upstream.target import PATHS


def model_routes() -> dict[str, Dialect]:
    """Return the vendors' routes that can be metered."""
    messages = AnthropicMessages()
    dialects: list[Dialect] = [
        OpenAIChat(),
        OpenAIResponses(),
        OpenAICompletions(),
        OpenAIEmbeddings(),
        OpenAIModerations(),
        messages,
        AnthropicCount(messages),
    ]
    return {f"/v1{PATHS[dialect.name]}": dialect for dialect in dialects}


def tool_routes(tools: Tools, servers: McpServers) -> dict[str, Dialect]:
    """Return the routes of tools and MCP servers; `/mcp` is the only server's, if there is only one."""
    routes: dict[str, Dialect] = {f"/mcp/{name}": McpDialect(name) for name in servers}
    if len(servers) == 1:
        routes["/mcp"] = McpDialect(next(iter(servers)))
    for name, tool in tools.items():
        actions: tuple[Action, ...] = ("call",) if tool.targets else ("authorize", "result")
        routes |= {f"/v1/tools/{name}/{action}": ToolDialect(name, action) for action in actions}
    return routes
