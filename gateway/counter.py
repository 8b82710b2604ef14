"""What a client asks for besides calls: the models it may use, its runs, what a call came to.

Nothing here costs anything upstream.
"""

from typing import Any

import orjson

from .approvals import Approvals
from .catalogue import Catalogue
from .client import Client
from .dialects.strict import decode
from .errors import InvalidRequest, MethodNotAllowed, ModelNotFound, NotAllowed, NotFound, ToolNotFound
from .papers import Key, Run
from .receipts import Receipts
from .runs import Runs
from .stages.authenticate import Keys, key_of
from .tools.mcp import McpServers
from .tools.offers import Tool, Tools

_BODY_BYTES_MAX = 65_536
_BODY_READ_S_MAX = 10.0
_NAMED_BY = "idempotency-key"
_NAME_CHARS_MAX = 255


class Counter:
    """`/v1/models`, `/v1/tools`, `/v1/approvals`, `/v1/runs`, `/v1/calls`: what is there to be seen and changed."""

    def __init__(  # noqa: PLR0917 - in the order of what they are asked for
        self,
        keys: Keys,
        catalogue: Catalogue,
        tools: Tools,
        runs: Runs,
        approvals: Approvals,
        receipts: Receipts,
        servers: McpServers,
    ) -> None:
        self._keys = keys
        self._catalogue = catalogue
        self._tools = tools
        self._runs = runs
        self._approvals = approvals
        self._receipts = receipts
        self._servers = servers

    async def serve(self, method: str, path: str, client: Client) -> tuple[int, bytes]:
        """Return status and body, or raise an Ending."""
        key = key_of(self._keys, client.headers)
        parts = path.split("/")[2:]
        if path.startswith("/mcp"):
            return await self._mcp(method, path, key, client)
        if parts[:1] == ["runs"]:
            return await self._run(method, parts[1:], key, client)
        match (method, *parts):
            case ("GET", "models", *name):
                listed = {"object": "list", "data": self._models(key)}
                return 200, orjson.dumps(self._model(key, "/".join(name)) if name else listed)
            case ("GET" | "POST", "approvals", *rest):
                return 200, orjson.dumps(await self._approval(method, rest, key, client))
            case ("GET", "calls", call_id):
                return 200, orjson.dumps(await self._receipts.of(key, call_id))
            case ("GET", "tools"):
                allowed = [_tool(tool) for name, tool in self._tools.items() if not key.forbids_tool(name)]
                return 200, orjson.dumps({"object": "list", "data": allowed})
            case ("POST", "tools", name, "call" | "authorize" | "result" as action):
                raise _no_tool(self._tools.get(name), action)
        raise NotFound(f"nothing is served at {method} {path[:128]}")

    async def _mcp(self, method: str, path: str, key: Key, client: Client) -> tuple[int, bytes]:
        if method != "DELETE":
            raise MethodNotAllowed("messages come by POST; the gateway opens no stream of a server's own")
        name = path.removeprefix("/mcp").strip("/")
        if not name and len(self._servers) == 1:
            name = next(iter(self._servers))
        await self._servers.end_session(name, key, client.headers)
        return 200, b"{}"

    async def _run(self, method: str, rest: list[str], key: Key, client: Client) -> tuple[int, bytes]:
        match (method, *rest):
            case ("POST",):
                return 201, orjson.dumps(await self._open(key, client))
            case ("GET", run_id):
                return 200, orjson.dumps(await self._tell(self._runs.own(key, run_id)))
            case ("POST", run_id, "cancel"):
                return 200, orjson.dumps(await self._tell(await self._runs.cancel(key, run_id)))
            case ("POST", run_id, "plan"):
                asked = await self._body(client)
                return 200, orjson.dumps(await self._tell(await self._runs.plan(key, run_id, asked)))
        raise NotFound("runs have POST /v1/runs, GET /v1/runs/{id}, POST /v1/runs/{id}/plan and /cancel")

    async def _approval(self, method: str, rest: list[str], key: Key, client: Client) -> dict[str, Any]:
        match (method, *rest):
            case ("GET",):
                return {"object": "list", "data": list(self._approvals.shown(key))}
            case ("GET", approval_id):
                return self._approvals.show(key, approval_id)
            case ("POST", approval_id, "approve" | "deny" as answer):
                asked = await self._body(client)
                patch = asked.pop("edit", None)
                if asked or not (patch is None or (answer == "approve" and isinstance(patch, dict))):
                    raise InvalidRequest("a yes takes `edit`, an object with the arguments to change; a no nothing")
                decided = await self._approvals.decide(key, approval_id, yes=answer == "approve", patch=patch)
                return decided.tell()
        raise NotFound("approvals have GET /v1/approvals[/{id}] and POST /v1/approvals/{id}/approve or /deny")

    def _models(self, key: Key) -> list[dict[str, Any]]:
        return [_model(name) for name in self._catalogue if key.allows_model(name)]

    def _model(self, key: Key, name: str) -> dict[str, Any]:
        if name not in self._catalogue or not key.allows_model(name):
            raise ModelNotFound("no such model for this key; GET /v1/models lists them", param="model")
        return _model(name)

    async def _open(self, key: Key, client: Client) -> dict[str, Any]:
        if key.role not in ("client", "run"):
            raise NotAllowed(f"a key of role {key.role} has no runs")
        name = client.headers.get(_NAMED_BY)
        if name is not None and (not 0 < len(name) <= _NAME_CHARS_MAX or not name.isprintable()):
            raise InvalidRequest(f"an Idempotency-Key has 1 to {_NAME_CHARS_MAX} printable characters", param=_NAMED_BY)
        run, run_key = await self._runs.open(key, await self._body(client), name)
        return {**await self._tell(run), "key": run_key}

    @staticmethod
    async def _body(client: Client) -> dict[str, Any]:
        body = await client.body(bytes_max=_BODY_BYTES_MAX, read_s_max=_BODY_READ_S_MAX)
        asked = decode(body) if body.strip() else {}
        if type(asked) is not dict:
            raise InvalidRequest("the body must be a JSON object, or empty")
        return asked

    async def _tell(self, run: Run) -> dict[str, Any]:
        return await self._runs.tell(run)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "tollhouse"}


def _tool(tool: Tool) -> dict[str, Any]:
    """Return a tool as models' APIs describe functions, with the way to call it and its marks."""
    settings = tool.settings
    marks = [mark for mark in ("writes", "sends", "sensitive") if getattr(settings, mark)]
    actions = ["call"] if tool.targets else ["authorize", "result"]
    return {
        "id": tool.name,
        "object": "tool",
        "description": tool.description,
        "parameters": tool.parameters or {"type": "object"},
        "routes": [f"/v1/tools/{tool.name}/{action}" for action in actions],
        "marks": marks,
    }


def _no_tool(tool: Tool | None, action: str) -> ToolNotFound:
    if tool is None:
        return ToolNotFound("no tool of that name is configured; GET /v1/tools lists them", param="tool")
    runs = "at the gateway: POST …/call" if tool.targets else "at the client: POST …/authorize, then …/result"
    return ToolNotFound(f"{tool.name} has no {action}; it runs {runs}", param="tool")
