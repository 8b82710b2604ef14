"""The pass-through itself, started by uvicorn in its own process."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

CONNECTIONS_MAX = 512


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
    async with httpx.AsyncClient(base_url=os.environ["BENCH_UPSTREAM"], timeout=30, limits=limits) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=_lifespan)


@app.get("/livez")
async def livez() -> dict[str, str]:
    """Answer."""
    return {"status": "ok"}


@app.post("/v1/chat/completions")
async def chat(request: Request) -> Response:
    """Pass a chat on and its answer back."""
    client: httpx.AsyncClient = request.app.state.client
    body: dict[str, Any] = await request.json()
    if not body.get("stream"):
        reply = await client.post("/v1/chat/completions", json=body)
        return Response(reply.content, reply.status_code, media_type=reply.headers.get("content-type"))
    sent = client.build_request("POST", "/v1/chat/completions", json=body)
    stream = await client.send(sent, stream=True)

    async def events() -> AsyncIterator[bytes]:
        try:
            async for piece in stream.aiter_bytes():
                yield piece
        finally:
            await stream.aclose()

    return StreamingResponse(events(), stream.status_code, media_type=stream.headers.get("content-type"))
