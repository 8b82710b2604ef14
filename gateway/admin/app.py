"""Builds the admin application: FastAPI, its routes, errors in OpenAI's form, spans by OpenTelemetry.

Deny by default: what is below `/admin` asks for an administrator; everything else here shows no tenant's name.
"""

import os
from importlib import metadata
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.exceptions import HTTPException

from ..errors import Ending, InvalidRequest, NotAllowed, NotFound
from . import book, breakers, charges, guards, health_page, keys, prices, runs, tenants, tools, ui, usage
from .actor import Gate, answer
from .page import CONTENT_SECURITY, page
from .parts import Parts
from .shapes import ErrorShape

_CONVENTIONS = "OTEL_SEMCONV_STABILITY_OPT_IN"
_NOT_TRACED = "/livez,/readyz,/health,/metrics"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorShape, "description": "the request is malformed"},
    401: {"model": ErrorShape, "description": "no key, or one that is unknown, expired or revoked"},
    403: {"model": ErrorShape, "description": "the key is no administrator's, or the object stands in the file"},
    404: {"model": ErrorShape, "description": "no such object"},
    503: {"model": ErrorShape, "description": "the book cannot be written; nothing was changed"},
}


def build(parts: Parts) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="Tollhouse",
        version=metadata.version("tollhouse"),
        description="Tenants, keys and runs. Every change is in the book before it is answered.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.add_exception_handler(Ending, _ended)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _no_route)
    app.include_router(health_page.routes(parts))
    for part in (tenants, keys, runs, charges, prices, breakers, guards, tools):
        app.include_router(part.routes(parts), responses=_REFUSALS)
    if parts.spending is not None:
        app.include_router(usage.routes(parts.spending), responses=_REFUSALS)
    if parts.keeper is not None:
        app.include_router(book.routes(parts, parts.keeper), responses=_REFUSALS)
    if parts.approvals is not None and parts.visits is not None:
        app.include_router(ui.routes(parts.approvals, parts.visits))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page(app.openapi()), headers={"content-security-policy": CONTENT_SECURITY})

    app.add_middleware(Gate, parts=parts)
    os.environ.setdefault(_CONVENTIONS, "http")  # the instrumentation looks there alone, and else gives names of 2022
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=parts.tracer_provider, excluded_urls=_NOT_TRACED, exclude_spans=["receive", "send"]
    )
    return app


async def _ended(_: Request, ending: Exception) -> Response:
    if not isinstance(ending, Ending):
        raise ending
    return answer(ending)


async def _malformed(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    sentences = []
    for detail in error.errors():
        place = ".".join(str(part) for part in detail["loc"])
        sentences.append(f"{place}: {detail['msg'].removeprefix('Value error, ')}")
    first = ".".join(str(part) for part in error.errors()[0]["loc"])
    return answer(InvalidRequest("; ".join(sentences[:10]), param=first))


async def _no_route(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:  # noqa: PLR2004 - HTTP's own number
        return answer(NotFound("there is nothing at this path"))
    if error.status_code == 405:  # noqa: PLR2004 - as above
        return answer(NotAllowed(f"{request.method} is not done at this path"))
    # FastAPI turns whatever stops it from reading a body into its own 400.
    cause = error.__cause__
    if isinstance(cause, TimeoutError):
        return answer(InvalidRequest("the body did not come in in time"))
    return answer(cause if isinstance(cause, Ending) else InvalidRequest(str(error.detail)))
