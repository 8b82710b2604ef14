"""The gateway as a client sees it: open runs, ask models, cancel, approve. HTTP by httpx, nothing else of ours.

A call that may be repeated (the gateway says so, or the connection broke) is repeated with growing, jittered pauses and
the same Idempotency-Key, so the gateway answers the repetition of a call that was made from what it stored.
"""

import asyncio
import os
import random
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from .endings import Refused

ATTEMPTS_MAX = 4
PAUSE_S = 0.25
PAUSE_S_MAX = 20.0
TIMEOUT_S = 600.0
_REPEATED = frozenset({409, 429, 503})  # not 502: the gateway has tried the upstream again before it said so
_OK = 300


@dataclass(frozen=True, slots=True)
class Opened:
    """A run at the gateway and the key that speaks for it alone."""

    id: str
    key: str
    limits: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A model's answer: the OpenAI completion and the headers it came with."""

    tree: dict[str, Any]
    headers: Mapping[str, str]


class Gateway:
    """One gateway, by address and client key; by default those of OPENAI_BASE_URL and OPENAI_API_KEY.

    Enter it to keep connections over many runs. `chance` makes the jitter.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        chance: random.Random | None = None,
    ) -> None:
        url = url or os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:4000/v1")
        self.url = url.rstrip("/").removesuffix("/v1")
        self.key = key or os.environ.get("OPENAI_API_KEY", "")
        self._timeout_s = timeout_s
        self._chance = chance or random.Random()
        self._http: httpx.AsyncClient | None = None
        self._entered = 0

    async def __aenter__(self) -> Self:
        if self._http is None:
            # Loading certificates costs more than a whole run on loopback.
            verify: ssl.SSLContext | bool = self.url.startswith("https")
            limits = httpx.Limits(max_connections=256, max_keepalive_connections=64)
            timeout = httpx.Timeout(self._timeout_s, connect=10)
            self._http = httpx.AsyncClient(
                base_url=self.url, verify=verify, timeout=timeout, limits=limits, trust_env=False
            )
        self._entered += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._entered -= 1
        if self._entered == 0 and self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def open(self, limits: Mapping[str, Any], *, parent_key: str | None = None, name: str = "") -> Opened:
        """Open a run, as a child if a parent's run key is given; `name` makes a repetition harmless. Raises Refused."""
        headers = {"idempotency-key": name} if name else {}
        tree, _ = await self._post("/v1/runs", {"limits": dict(limits)}, parent_key or self.key, headers)
        return Opened(str(tree["id"]), str(tree["key"]), tree.get("limits", {}))

    async def ask(self, run_key: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Said:
        """Ask a model. Raises Refused."""
        tree, answered = await self._post("/v1/chat/completions", body, run_key, headers)
        return Said(tree, answered)

    async def run(self, run_id: str, key: str | None = None) -> dict[str, Any]:
        """Return a run's limits and what is used, its children's included. Raises Refused."""
        return _tree(await self._send("GET", f"/v1/runs/{run_id}", None, key or self.key, {}))

    async def plan(self, run_id: str, tools: Sequence[str], key: str) -> None:
        """Narrow a run to the tools of its plan; another plan takes this one's place. Raises Refused."""
        _tree(await self._send("POST", f"/v1/runs/{run_id}/plan", {"tools": list(tools)}, key, {}))

    async def cancel(self, run_id: str, key: str | None = None) -> None:
        """End a run and its children; nobody asks models under it any more. Raises Refused."""
        _tree(await self._send("POST", f"/v1/runs/{run_id}/cancel", {}, key or self.key, {}))

    async def approve(self, approval_id: str, *, approved: bool = True) -> dict[str, Any]:
        """Decide an approval that the gateway asks for; this client's key must be another person's. Raises Refused."""
        path = f"/v1/approvals/{approval_id}/{'approve' if approved else 'deny'}"
        return _tree(await self._send("POST", path, {}, self.key, {}))

    async def _post(
        self, path: str, body: Mapping[str, Any], key: str, headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        reply = await self._send("POST", path, body, key, headers)
        return _tree(reply), reply.headers

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, key: str, headers: Mapping[str, str]
    ) -> httpx.Response:
        if self._http is None:
            async with self:
                return await self._send(method, path, body, key, headers)
        content = None if body is None else orjson.dumps(body)
        sent = {"authorization": f"Bearer {key}", "content-type": "application/json", **headers}
        attempt = 0
        while True:
            attempt += 1
            try:
                reply = await self._http.request(method, path, content=content, headers=sent)
            except httpx.TransportError as error:
                if attempt >= ATTEMPTS_MAX:
                    what = str(error) or type(error).__name__
                    raise Refused(0, "gateway_unreachable", f"no answer from {self.url}: {what}") from error
                await asyncio.sleep(self._pause_s(attempt, None))
                continue
            if attempt >= ATTEMPTS_MAX or not _may_repeat(reply):
                return reply
            await asyncio.sleep(self._pause_s(attempt, reply.headers.get("retry-after")))

    def _pause_s(self, attempt: int, told: str | None) -> float:
        jittered: float = PAUSE_S * 2 ** (attempt - 1) * (0.5 + self._chance.random())
        if told is not None and told.isdigit():
            return min(PAUSE_S_MAX, float(told) + jittered)
        return min(PAUSE_S_MAX, jittered)


def _may_repeat(reply: httpx.Response) -> bool:
    return reply.status_code in _REPEATED and reply.headers.get("x-should-retry") != "false"


def _tree(reply: httpx.Response) -> dict[str, Any]:
    try:
        tree = orjson.loads(reply.content)
    except ValueError:
        tree = None
    if reply.status_code < _OK and isinstance(tree, dict):
        return tree
    error = tree.get("error") if isinstance(tree, dict) else None
    if not isinstance(error, dict):
        raise Refused(reply.status_code, "upstream_error", f"{reply.status_code} without a readable error")
    raise Refused(
        reply.status_code,
        str(error.get("code") or "upstream_error"),
        str(error.get("message") or reply.status_code),
        param=error.get("param"),
        approval_id=error.get("approval_id"),
    )
