"""The health routes as the API's page shows them; `front` answers them before the framework is asked."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response

from . import health
from .parts import Parts
from .shapes import Health

_SHOWN = ("/livez", "/readyz", "/metrics")
_UNREADY: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "no calls are taken now"}}


def routes(parts: Parts) -> APIRouter:
    """Return `/livez`, `/readyz` and the paths other gateways have for them, and `/metrics`."""
    router = APIRouter(tags=["health"])
    for path, tell in health.PATHS.items():
        told: dict[str, Any] = {"response_class": Response}
        if tell is not health.metrics:
            told = {"response_model": Health, "responses": _UNREADY if tell is health.ready else None}
        router.add_api_route(
            path, _answering(tell, parts), methods=["GET"], include_in_schema=path in _SHOWN, name=tell.__name__, **told
        )
    return router


def _answering(tell: Callable[[Parts], health.Told], parts: Parts) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        status, kind, body = tell(parts)
        return Response(body, status, media_type=kind)

    answer.__doc__ = tell.__doc__
    return answer
