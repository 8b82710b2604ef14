"""`/admin/runs`: what agents are at, and the way to stop one."""

import itertools
from typing import Annotated

from fastapi import APIRouter, Query

from ..errors import RunNotFound
from .actor import WHO, Actor
from .parts import Parts
from .shapes import Runs, RunShown
from .views import run_shown

PAGE_MAX = 1_000


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/runs", tags=["runs"], dependencies=[WHO])

    @router.get("")
    async def list_runs(
        tenant: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
        skip: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        *,
        all_: Annotated[bool, Query(alias="all")] = False,
    ) -> Runs:
        """Return open runs, latest first; with `all` also those that are over but not yet forgotten."""
        wanted = (run for run in parts.directory.runs(tenant) if all_ or parts.directory.why_ended(run) is None)
        page = list(itertools.islice(wanted, skip, skip + limit + 1))
        return Runs(runs=tuple([await run_shown(parts, run) for run in page[:limit]]), more=len(page) > limit)

    @router.get("/{run_id}")
    async def show_run(run_id: str) -> RunShown:
        """Return one run."""
        run = parts.directory.run(run_id)
        if run is None:
            raise RunNotFound("there is no such run, or it has expired; the book still has it", param="run")
        return await run_shown(parts, run)

    @router.post("/{run_id}/cancel")
    async def cancel_run(run_id: str, actor: Actor) -> RunShown:
        """Kill a run and its children: it takes no further step; calls under way settle what they cost."""
        return await run_shown(parts, await parts.registry.end_run(actor, run_id, "killed"))

    return router
