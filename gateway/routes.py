"""The hot path's routes: a raw ASGI callable in front of FastAPI, which has all the others.

Authorisation looks at `scope["path"]` and nothing else. `/runs/{id}/v1/…` declares a run by its path. The vendors'
routes that are no calls of a model stand in `vendor_routes`; one that we could not meter is refused by its own stage,
after the key was looked at, and recorded like any call.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from limits.clock import Clock

from .answer import Account, Answer
from .call import Call
from .client import Client, Receive, Send
from .counter import Counter
from .dialects.openai_objects import ObjectDialect
from .dialects.seam import Dialect
from .errors import ClientLeft, Ending
from .lives import Lives
from .pipeline import Pipeline
from .vendor_routes import route_of

_HOT = ("/v1/", "/runs/", "/mcp")
Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class Routes:
    """Sends each request where it belongs. `dialects` maps a path to the dialect spoken there."""

    def __init__(
        self,
        *,
        dialects: Mapping[str, Dialect],
        errors: Dialect,
        pipeline: Pipeline,
        lives: Lives,
        counter: Counter,
        account: Account,
        admin: Asgi,
        clock: Clock,
    ) -> None:
        self._dialects = dialects
        self._errors = errors
        self._pipeline = pipeline
        self._lives = lives
        self._counter = counter
        self._account = account
        self._admin = admin
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(_HOT):
            await self._admin(scope, receive, send)
            return
        client = Client(scope, receive, send)
        call, path, lives = self._call(scope, path, client)
        refusal = self._lives.refuse()
        if refusal is not None:
            await self._refuse(call, client, refusal)
        elif lives:
            life = self._start(call, client)
            await client.gone()
            if client.left:
                _leave(call)
            if not life.done():
                await asyncio.shield(life)
        else:
            await self._over_the_counter(scope["method"], path, call, client)

    def begin(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Begin a call's life without a task for its request; False for all that is none, or is refused at once."""
        path: str = scope["path"]
        if not path.startswith(_HOT) or self._lives.refuse() is not None:
            return False
        client = Client(scope, receive, send)
        call, _, lives = self._call(scope, path, client)
        if not lives:
            return False
        client.watch(lambda: _leave(call))
        self._start(call, client).add_done_callback(lambda _: client.let_go())
        return True

    def _call(self, scope: Scope, path: str, client: Client) -> tuple[Call, str, bool]:
        """Return the call that a request makes, its path without the run's, and whether it lives a life."""
        run_id = None
        if path.startswith("/runs/"):
            run_id, slash, rest = path[6:].partition("/")
            path = slash + rest
        method: str = scope["method"]
        dialect = self._dialects.get(path) if method == "POST" else None
        unsupported, pattern = "", path
        if dialect is None:
            dialect, pattern, unsupported = self._other(method, path, scope)
        call = Call(
            id=f"call_{secrets.token_hex(12)}",
            dialect=dialect or self._nearest(path),
            path=pattern,
            caller=client,
            started_ns=self._clock.monotonic_ns(),
            started_us=self._clock.utc_us(),
            path_run_id=run_id,
            unsupported=unsupported,
        )
        return call, path, dialect is not None or bool(unsupported)

    @staticmethod
    def _other(method: str, path: str, scope: Scope) -> tuple[Dialect | None, str, str]:
        """Return of a path that is no model's or tool's: its dialect, its pattern, and why it is refused."""
        found = route_of(method, path) if path.startswith("/v1/") else None
        if found is None or found[0].how not in ("bound", "refused"):
            return None, "other", ""
        route, places = found
        if route.how == "refused":
            return None, "other", route.why
        query = scope.get("query_string", b"").decode("latin-1")
        return ObjectDialect(method, route.path, places, query), f"/v1{route.path}", ""

    def _nearest(self, path: str) -> Dialect:
        """Return the dialect in which a route that is not served is refused."""
        for served, dialect in self._dialects.items():
            if path.startswith(served + "/"):
                return dialect
        return self._errors

    def _start(self, call: Call, client: Client) -> asyncio.Task[None]:
        life = self._lives.start(call, self._pipeline.live(call, Answer(client, self._account)))
        life.add_done_callback(lambda _: _part(call))
        return life

    async def _over_the_counter(self, method: str, path: str, call: Call, client: Client) -> None:
        try:
            status, body = await self._counter.serve(method, path, client)
        except Ending as ending:
            await self._refuse(call, client, ending)
            return
        await client.answer(status, [(b"content-type", b"application/json")], body)

    async def _refuse(self, call: Call, client: Client, ending: Ending) -> None:
        await Answer(client, self._account).fail(call, ending)


def _part(call: Call) -> None:
    """Part a call that has ended from what names it: all of it goes at once, and no collector need look for it."""
    call.attempts.clear()
    call.reply = None
    call.kept.clear()


def _leave(call: Call) -> None:
    """Note that the client left: a plain call finishes within its deadline, a stream is read on to its usage or cut."""
    call.left = True
    left = ClientLeft("the client left")
    profile = call.profile
    if profile is None:
        call.cut(left)
    elif call.clear is not None and call.clear.stream:
        if profile.on_leave == "cancel" or not call.attempts:
            call.cut(left)
        else:
            asyncio.get_running_loop().call_later(profile.drain_s, call.cut, left)
