"""In front of everything where several processes share `state`: who or what is not known here is looked for once more.

A key, a run or a kept reply may have been made by another process a moment ago, and what operators look at must be as
it is now; all others are served from memory.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from .admin.ended import reply, written
from .client import Receive, Send
from .directory import Directory
from .errors import AuditUnavailable
from .following import Following
from .routes import Scope
from .runs import Runs
from .stages.authenticate import token_of

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""What serves an ASGI connection."""

Begin = Callable[[Scope, Receive, Send], bool]
_OPERATORS = ("/admin", "/ui", "/v1/approvals")
_RUN_PATHS = ("/runs/", "/v1/runs/")


def _none(_scope: Scope, _receive: Receive, _send: Send) -> bool:
    return False


class Fresh:
    """An ASGI application around another."""

    def __init__(
        self,
        app: Application,
        following: Following,
        directory: Directory,
        runs: Runs,
        begin: Begin = _none,
    ) -> None:
        """`begin` is what begins a call without a task for its request, if the application can do that."""
        self._app = app
        self._begin = begin
        self._following = following
        self._directory = directory
        self._runs = runs

    def begin(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Begin a call at once if nothing of it must be looked for first; else False, and `__call__` serves it."""
        return not self._is_news(scope) and self._begin(scope, receive, send)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; 503 if what is asked for is not known here and cannot be looked for."""
        if scope["type"] == "http" and self._is_news(scope):
            try:
                await self._following.catch_up()
            except AuditUnavailable as ending:
                await reply(send, *written(ending))
                return
        await self._app(scope, receive, send)

    def _is_news(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if path.startswith(_OPERATORS):
            return True
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        token = token_of(headers)
        if token is None:
            return False
        key = self._directory.key_of(token)
        if key is None or "idempotency-key" in headers:
            return True
        run_id = headers.get("x-run-id")
        for start in _RUN_PATHS:
            if path.startswith(start):
                run_id = path[len(start) :].partition("/")[0]
        return bool(run_id) and not self._runs.knows(key, str(run_id))
