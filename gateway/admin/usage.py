"""`/admin/usage`: who used it, and which replies reported other tokens than we counted."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query

from ..spending import Spending
from ..usage import By
from .actor import WHO
from .shapes_usage import Differings, DifferingShown, Spend, SpendShown

PAGE_MAX = 1_000
_Value = Annotated[str | None, Query(max_length=256)]


def routes(spending: Spending) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/usage", tags=["usage"], dependencies=[WHO])

    @router.get("")
    async def show_usage(
        *,
        by: Annotated[tuple[By, ...], Query(max_length=6)] = ("key",),
        since: dt.date | None = None,
        until: dt.date | None = None,
        tenant: _Value = None,
        key: _Value = None,
        model: _Value = None,
        user: _Value = None,
        feature: _Value = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> Spend:
        """Return what was spent by tenant, day, key, model, user or feature, the dearest first.

        A charge counts on the day of its reservation in its tenant's time zone; corrections count there too. Tools are
        models named `tool:NAME`, users are pseudonyms: name a user as your calls do, together with the tenant.
        """
        if user is not None and tenant is not None:
            user = spending.user(tenant, user)
        asked = {"tenant": tenant, "key": key, "model": model, "user": user, "feature": feature}
        only = {name: value for name, value in asked.items() if value is not None}
        days = (
            "" if since is None else since.isoformat(),
            "9999" if until is None else until.isoformat(),
        )
        sums = await spending.ask(lambda usage: usage.spent(by, since=days[0], until=days[1], limit=limit + 1, **only))
        rows = (
            SpendShown(
                of=dict(zip(by, each.of, strict=True)),
                calls=each.calls,
                nano_usd=each.nano,
                input_tokens=each.input_tokens,
                output_tokens=each.output_tokens,
            )
            for each in sums[:limit]
        )
        return Spend(spend=tuple(rows), more=len(sums) > limit)

    @router.get("/differing")
    async def show_differing(
        tenant: _Value = None,
        percent: Annotated[int, Query(ge=0, le=100)] = 10,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> Differings:
        """Return replies whose reported tokens are further than `percent` from our own count, latest first."""
        found = await spending.ask(lambda usage: usage.differing(tenant=tenant, percent=percent, limit=limit + 1))
        rows = (
            DifferingShown(
                at_us=each.at_us,
                call=each.call,
                tenant=each.tenant,
                key=each.key,
                model=each.model,
                target=each.target,
                reported_input_tokens=each.reported[0],
                reported_output_tokens=each.reported[1],
                counted_input_tokens=each.counted[0],
                counted_output_tokens=each.counted[1],
            )
            for each in found[:limit]
        )
        return Differings(differing=tuple(rows), more=len(found) > limit)

    return router
