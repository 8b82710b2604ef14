"""Whether the process lives, whether it takes calls, and its figures. Open to whoever reaches the port: no names."""

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .parts import Parts
from .shapes import Health


def routes(parts: Parts) -> APIRouter:
    """Return `/livez`, `/readyz` and the paths other gateways have for them, and `/metrics`."""
    router = APIRouter(tags=["health"])

    async def live() -> Health:
        """Answer as long as the event loop turns."""
        return Health(status="ok")

    async def ready(response: Response) -> Health:
        """Answer 200 if calls are taken, else 503 with the reasons."""
        reasons = tuple(parts.unready())
        if reasons:
            response.status_code = 503
        # Anyone may ask here, and the sentences name paths and models: only the places. `tollhouse check` says all.
        places = tuple(warning.partition(":")[0] for warning in parts.warnings())
        return Health(status="unready" if reasons else "ok", reasons=reasons, warnings=places)

    async def metrics() -> Response:
        """Return Prometheus' text format."""
        return Response(generate_latest(parts.metrics), media_type=CONTENT_TYPE_LATEST)

    for path in ("/livez", "/health/liveliness"):
        router.add_api_route(path, live, methods=["GET"], include_in_schema=path == "/livez")
    unready: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "no calls are taken now"}}
    for path in ("/readyz", "/health", "/health/readiness"):
        router.add_api_route(path, ready, methods=["GET"], include_in_schema=path == "/readyz", responses=unready)
    router.add_api_route("/metrics", metrics, methods=["GET"], response_class=Response)
    return router
