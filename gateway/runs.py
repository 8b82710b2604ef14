"""Runs as clients see them: opened, shown, cancelled, found again by id.

A run that `POST /v1/runs` opened has our id. A client may also bring its own id (`x-run-id`, path): the first call that
does opens the run under a pseudonym bound to tenant and key, so equal ids of two keys never meet. Where nothing is
declared, a call is its own run; it is opened as an inferred one when an id that it was answered with comes back.
"""

import asyncio
import base64
import contextlib
import hmac
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from limits.money import nano_to_usd, usd_to_nano
from limits.seam import Ledger

from .directory import Directory, Registry
from .directory.directory import lowered
from .directory.tokens import RUN_ID_CHARS, mint_run_id
from .errors import InvalidRequest, RunEnded, RunNotFound
from .papers import Key, Run

INFERRED_S = 7 * 86_400
"""How long an id leads back to a run that nobody declared, and that run stands open."""
_TOOLS_MAX = 128


class Runs:
    """What keys may do with their runs. `secret_of` gives a tenant's secret for pseudonyms; erased with the tenant."""

    def __init__(
        self, directory: Directory, registry: Registry, ledger: Ledger, secret_of: Callable[[str], bytes]
    ) -> None:
        self._directory = directory
        self._registry = registry
        self._ledger = ledger
        self._secret_of = secret_of
        self._opening: dict[str, tuple[asyncio.Lock, list[Key]]] = {}

    def pseudonym(self, key: Key, text: str) -> str:
        """Return what stands in the book for an id that a client made; equal only within one tenant."""
        digest = hmac.digest(self._secret_of(key.tenant.id), text.encode("utf-8", "replace"), "sha256")
        return base64.b32encode(digest[:15]).decode().lower()

    def own(self, key: Key, run_id: str) -> Run:
        """Return a run of this key by our id or the client's; RunNotFound for all others."""
        run = self._directory.run_for(key, run_id) or self._directory.run_for(key, self._client_made(key, run_id))
        if run is None:
            raise RunNotFound("no run of that id belongs to this key", param="run")
        return run

    def knows(self, key: Key, run_id: str) -> bool:
        """Tell whether this key has a run of that id, ours or the client's, as far as this process knows."""
        return self._directory.run_for(key, run_id) is not None or (
            self._directory.run_for(key, self._client_made(key, run_id)) is not None
        )

    async def declared(self, key: Key, run_id: str) -> Run:
        """Return the run that a call declares, opening a client-made one; RunNotFound, RunEnded."""
        run = self._directory.run_for(key, run_id)
        if run is None and key.run_id is None and not _is_ours(run_id):
            made = self._client_made(key, run_id)
            run = await self._once(key, made, lambda: self._registry.open_run(key, run_id=made))
        if run is None:
            raise RunNotFound("no run of that id belongs to this key", param="run")
        why = self._directory.why_ended(run)
        if why is not None:
            raise RunEnded(f"run {run.id} has ended ({why}); begin a new run", param="run")
        return run

    def _client_made(self, key: Key, text: str) -> str:
        said = f"{key.id}\0{text}".encode("utf-8", "replace")
        digest = hmac.digest(self._secret_of(key.tenant.id), said, "sha256")
        return base64.b32encode(digest[:15]).decode().lower()[:RUN_ID_CHARS]

    def prospect(self, key: Key) -> Run:
        """Return the run that a call of this key begins if one of its ids ever comes back; it is not open."""
        run_id, now_us, expires_us = mint_run_id(), self._directory.now_us(), self.until_us(INFERRED_S)
        profile = key.profile
        return Run(
            run_id, key.tenant.id, key.id, None, (run_id,), profile.run, now_us, expires_us, "open", profile, "inferred"
        )

    def remembered(self, key: Key, run_id: str, expires_us: int) -> Run:
        """Return a run of this key that may be over, or was never opened: for what is kept of it, not to call in."""
        run = self._directory.run_for(key, run_id)
        return run or replace(self.prospect(key), id=run_id, path=(run_id,), expires_us=expires_us)

    def is_over(self, run: Run) -> bool:
        """Tell whether a run has ended; one that was never opened has not."""
        return self._directory.has_ended(run.id)

    def until_us(self, seconds: int) -> int:
        """Return the instant that is so many seconds from now (µs UTC)."""
        return self._directory.now_us() + seconds * 1_000_000

    async def inferred(self, key: Key, run_id: str, expires_us: int, spent_nano: int) -> Run | None:
        """Return the run that an id leads to, opening it if it is not; None if it has expired or finds no place.

        `spent_nano` is what its first call had cost. Raises RunEnded if somebody ended it.
        """
        run = await self._once(key, run_id, lambda: self._open_inferred(key, run_id, expires_us, spent_nano))
        why = "expired" if run is None else self._directory.why_ended(run)
        if why in ("ended", "killed"):
            raise RunEnded(f"run {run_id}, which this goes on from, has ended ({why}); begin anew", param="run")
        return None if why else run

    async def _open_inferred(self, key: Key, run_id: str, expires_us: int, spent_nano: int) -> None:
        run = self._directory.inferred_run(key, run_id, expires_us, spent_nano)
        if run is not None:
            with contextlib.suppress(RunEnded):  # the ledger remembers it a little longer than we do
                await self._registry.open(run)

    async def _once(self, key: Key, run_id: str, opens: Callable[[], Awaitable[object]]) -> Run | None:
        """Open a run once, however many first calls come at once; None if it could not be."""
        run = self._directory.run_for(key, run_id)
        if run is not None:
            return run
        lock, waiting = self._opening.setdefault(run_id, (asyncio.Lock(), []))
        waiting.append(key)
        try:
            async with lock:
                if self._directory.run_for(key, run_id) is None:
                    await opens()
                return self._directory.run_for(key, run_id)
        finally:
            waiting.pop()
            if not waiting:
                self._opening.pop(run_id, None)

    async def left_s(self, run: Run | None) -> float:
        """Return what is left of a run's wall-clock, and its ancestors', in seconds; infinite if unbounded."""
        seen = None if run is None else await self._ledger.look(run.id, tenant=run.tenant_id, fresh=True)
        if seen is None:
            return math.inf
        return max(0.0, seen.until_us() - self._directory.now_us()) / 1e6

    async def open(self, key: Key, asked: dict[str, Any], name: str | None = None) -> tuple[Run, str]:
        """Open a run with lowered limits; a run's key opens a child. Returns the run and its key.

        What is asked again under the same `name` (the Idempotency-Key) is the same run, as long as that is remembered.
        """
        unknown = set(asked) - {"limits", "tools"}
        if unknown:
            raise InvalidRequest(f"a run takes `limits` and `tools` only, not {min(unknown)[:64]!r}")
        limits = asked.get("limits", {})
        if type(limits) is not dict:
            raise InvalidRequest("limits must be an object", param="limits")
        wanted = dict(limits)
        if "usd" in wanted:
            wanted["nano_usd"] = _nano(wanted.pop("usd"))
        tools = _tools(asked.get("tools"))
        if name is None:
            return await self._registry.open_run(key, wanted, tools=tools)
        run_id = self._client_made(key, f"{key.run_id or ''}\0{name}")
        run = await self._once(key, run_id, lambda: self._registry.open_run(key, wanted, run_id, tools))
        if (
            run is None
            or lowered(key.profile.run, wanted) != run.limits
            or (tools is not None and tools not in run.tools)
        ):
            raise InvalidRequest(
                "this Idempotency-Key was used for another run; take a new one", param="idempotency-key"
            )
        return run, self._directory.token_of(run)

    async def cancel(self, key: Key, run_id: str) -> Run:
        """End a run and its children."""
        run = self.own(key, run_id)
        return await self._registry.end_run(key.id, run.id, "ended")

    async def plan(self, key: Key, run_id: str, asked: dict[str, Any]) -> Run:
        """Narrow a run to the tools that its plan names; null lifts that. A run's key may do so for itself."""
        run = self.own(key, run_id)
        if set(asked) != {"tools"}:
            raise InvalidRequest("a plan is `tools`, a list of names, or null", param="tools")
        why = self._directory.why_ended(run)
        if why is not None:
            raise RunEnded(f"run {run.id} has ended ({why}); begin a new run", param="run")
        return await self._registry.plan_run(key.id, run, _tools(asked["tools"]))

    async def tell(self, run: Run) -> dict[str, Any]:
        """Return a run as the API shows it: limits, what is used and left."""
        limits: dict[str, Any] = run.limits.as_dict()
        nano = limits.pop("nano_usd", None)
        if nano is not None:
            limits["usd"] = nano_to_usd(nano)
        balances = await self._ledger.balances(f"run:{run.id}", tenant=run.tenant_id)
        used: dict[str, Any] = {}
        if balances is not None:
            used = dict(balances.counts)
            used["tokens"] = balances.input_tokens + balances.output_tokens
            used["usd"] = nano_to_usd(balances.nano)
        return {
            "id": run.id,
            "object": "run",
            "status": self._directory.why_ended(run) or "open",
            "origin": run.origin,
            "parent": run.parent,
            "limits": limits,
            "used": used,
            "tools": [list(named) for named in run.tools],
            "plan": None if run.plan is None else list(run.plan),
            "created_at": run.opened_us // 1_000_000,
            "expires_at": run.expires_us // 1_000_000,
        }


def _is_ours(run_id: str) -> bool:
    return len(run_id) == RUN_ID_CHARS and all(char in "abcdefghijklmnopqrstuvwxyz234567" for char in run_id)


def _tools(asked: Any) -> tuple[str, ...] | None:
    if asked is None:
        return None
    fits = isinstance(asked, list) and len(asked) <= _TOOLS_MAX
    if not fits or not all(isinstance(name, str) and 0 < len(name) <= _TOOLS_MAX for name in asked):
        raise InvalidRequest(
            f"tools is a list of at most {_TOOLS_MAX} names with at most {_TOOLS_MAX} characters each", param="tools"
        )
    return tuple(asked)


def _nano(usd: Any) -> int:
    try:
        return usd_to_nano(usd)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f'limits.usd must be dollars as text, as in "0.50": {error}', param="limits.usd") from None
