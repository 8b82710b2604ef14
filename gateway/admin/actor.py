"""Who speaks to the admin API: an admin key over the network, or a user of this machine over the unix socket.

The gate stands in front of the application and looks at `scope["path"]` alone: below `/admin` nothing is reached, and
no body is read, without an administrator. Routes take the actor's name, for the book, from the scope.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import Ending, InvalidApiKey, NotAllowed, RequestTooLarge
from ..papers import HOUSE
from .ended import written
from .local import LOCAL
from .parts import Parts

BODY_BYTES_MAX = 1 << 20
BODY_READ_S_MAX = 30.0
_ACTOR = "tollhouse.actor"


class Gate:
    """Lets administrators through to `/admin…` and anyone to the rest; bounds the bodies in size and time."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {bytes(name): bytes(value) for name, value in scope["headers"]}
        try:
            if scope["path"] == "/admin" or scope["path"].startswith("/admin/"):
                scope = {**scope, _ACTOR: self._actor(scope, headers)}
            length = headers.get(b"content-length", b"0")
            if length.isdigit() and int(length) > BODY_BYTES_MAX:
                raise _too_large(int(length))
        except Ending as ending:
            await answer(ending)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), send)

    def _actor(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        local = scope.get(LOCAL)
        if local is not None:
            return str(local)
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            raise InvalidApiKey("the admin API needs an admin key: send it as `Authorization: Bearer sk-th-…`")
        key = self._parts.directory.key_of(token.strip())
        if key is None:
            raise InvalidApiKey("this key is unknown, expired or revoked")
        if key.role != "admin" or key.tenant.id != HOUSE.id:
            raise NotAllowed(f"a key of role {key.role} does not administrate; use one of role admin")
        return key.id


def _bounded(receive: Receive) -> Receive:
    taken = 0
    complete = False

    async def bounded() -> Message:
        nonlocal taken, complete
        if complete:
            return await receive()
        async with asyncio.timeout(BODY_READ_S_MAX):
            message = await receive()
        taken += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if taken > BODY_BYTES_MAX:
            raise _too_large(taken)
        return message

    return bounded


def _too_large(actual: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"the body has {actual} bytes or more, at most {BODY_BYTES_MAX} are read", limit=BODY_BYTES_MAX, actual=actual
    )


def answer(ending: Ending) -> Response:
    """Return an ending as an answer in OpenAI's form."""
    status, headers, body = written(ending)
    return Response(body, status, headers)


async def _actor_of(request: Request) -> str:
    actor = request.scope.get(_ACTOR)
    if actor is None:
        raise InvalidApiKey("the admin API needs an admin key")
    return str(actor)


WHO = Depends(_actor_of)
Actor = Annotated[str, WHO]
"""What a route takes to know who speaks; it refuses if the gate let nobody through."""
