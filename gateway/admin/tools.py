"""`/admin/tools`: what each tenant's profiles allow to be called, and how the tools do."""

from fastapi import APIRouter

from ..figures import ToolFigures
from .actor import WHO
from .parts import Parts
from .shapes import Tools, ToolShown


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/tools", tags=["tools"], dependencies=[WHO])

    @router.get("")
    async def list_tools() -> Tools:
        """Return the tools; figures are since the gateway's start, and empty where nobody serves."""
        known = {name: ToolFigures(kind) for kind, name in _configured(parts)} | dict(parts.tool_figures())
        return Tools(tools=tuple(_shown(parts, name, figures) for name, figures in known.items()))

    return router


def _configured(parts: Parts) -> list[tuple[str, str]]:
    local = [(tool.kind, tool.name) for tool in parts.config.tools]
    return [*local, *(("mcp", f"{server.name}.{tool.name}") for server in parts.config.mcp for tool in server.tools)]


def _shown(parts: Parts, name: str, figures: ToolFigures) -> ToolShown:
    allowed = {
        key.tenant.id for key in parts.directory.keys_of() if key.role == "client" and not key.forbids_tool(name)
    }
    return ToolShown(
        name=name,
        kind=figures.kind,
        tenants=tuple(sorted(allowed)),
        calls=figures.calls,
        errors=figures.errors,
        mean_ms=figures.mean_ms,
        breaker=figures.breaker,
        spent_nano_usd=figures.spent_nano_usd,
    )
