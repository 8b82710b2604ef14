"""Reads what is asked: a bounded body, strictly parsed, for a known model that this key may use."""

from collections.abc import Awaitable

from msgspec import structs

from ..call import Call, Reply, Request
from ..catalogue import Catalogue, Model
from ..dialects.mcp import McpDialect
from ..dialects.openai_objects import ObjectDialect
from ..dialects.strict import decode
from ..errors import InvalidRequest, ModelNotAllowed, ModelNotFound, ToolNotAllowed, ToolNotFound, UnsupportedRoute
from ..objects import Objects
from ..stage import CallStage
from ..tools.mcp import McpServers
from ..tools.offers import Tool, Tools


class Read(CallStage):
    """Bounds: body bytes and seconds, nesting."""

    def __init__(
        self,
        catalogue: Catalogue,
        tools: Tools,
        servers: McpServers,
        objects: Objects,
        *,
        bytes_max: int,
        read_s_max: float,
        depth_max: int,
    ) -> None:
        self._catalogue = catalogue
        self._tools = tools
        self._servers = servers
        self._objects = objects
        self._bytes_max = bytes_max
        self._read_s_max = read_s_max
        self._depth_max = depth_max

    def admit(self, call: Call) -> Reply | Awaitable[Reply | None] | None:
        """Read, parse, and find the model."""
        if call.unsupported:
            raise UnsupportedRoute(f"this route is not served: {call.unsupported}")
        encoding = call.caller.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise InvalidRequest(f"content-encoding {encoding[:32]!r} is not taken; send the body as it is")
        body = call.caller.body_now(bytes_max=self._bytes_max)
        return self._wait(call) if body is None else self._read(call, body)

    async def _wait(self, call: Call) -> Reply | None:
        return self._read(call, await call.caller.body(bytes_max=self._bytes_max, read_s_max=self._read_s_max))

    def _read(self, call: Call, body: bytes) -> Reply | None:
        call.body_bytes = len(body)
        tree = decode(body, depth_max=self._depth_max) if body or not call.is_for_object else {}
        request = call.dialect.parse(tree)
        call.clear = call.request = request
        if isinstance(call.dialect, ObjectDialect):
            call.model = self._objects.model_of(call, call.dialect)
        else:
            call.model = self._tool(call, request) if call.is_for_tool else self._model(call, request)
        return None

    def _tool(self, call: Call, request: Request) -> Tool:
        if isinstance(call.dialect, McpDialect):
            call.dialect = call.dialect.of(request)
            call.kept["status"] = call.dialect.status
            if call.dialect.takes_stream(request, call.caller.headers.get("accept", "")):
                request = call.clear = call.request = structs.replace(request, stream=True)
            return self._servers.tool_of(call, request)
        tool = self._tools.get(request.model)
        if tool is None:
            raise ToolNotFound("no tool of that name is configured; GET /v1/tools lists them", param="tool")
        if forbids := call.forbids_tool(tool.name):
            raise ToolNotAllowed(f"{forbids} does not allow the tool {tool.name}", param="tool")
        return tool

    def _model(self, call: Call, request: Request) -> Model:
        model = self._catalogue.get(request.model)
        if model is None:
            raise ModelNotFound("no model of that name is configured; GET /v1/models lists them", param="model")
        if not call.key.allows_model(model.name):
            raise ModelNotAllowed(f"this key may not use model {model.name}", param="model")
        if not model.speaks(call.dialect.name):
            raise UnsupportedRoute(
                f"model {model.name} is not served at {call.path}; it is at {', '.join(model.routes) or 'no route'}",
                param="model",
            )
        return model
