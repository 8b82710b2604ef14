"""`/admin/usage`: who used it, and which replies reported other tokens than we counted."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query

from ..spending import Spending
from ..usage import By, Differing, Spent
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
        return Spend(spend=tuple(_spend(by, each) for each in sums[:limit]), more=len(sums) > limit)

    @router.get("/differing")
    async def show_differing(
        tenant: _Value = None,
        percent: Annotated[int, Query(ge=0, le=100)] = 10,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> Differings:
        """Return replies whose reported tokens are further than `percent` from our own count, latest first."""
        found = await spending.ask(lambda usage: usage.differing(tenant=tenant, percent=percent, limit=limit + 1))
        return Differings(differing=tuple(_differing(each) for each in found[:limit]), more=len(found) > limit)

    return router


def _spend(by: tuple[By, ...], sum_: Spent) -> SpendShown:
    return SpendShown(
        of=dict(zip(by, sum_.of, strict=True)),
        calls=sum_.calls,
        nano_usd=sum_.nano,
        input_tokens=sum_.input_tokens,
        output_tokens=sum_.output_tokens,
    )


def _differing(one: Differing) -> DifferingShown:
    return DifferingShown(
        at_us=one.at_us,
        call=one.call,
        tenant=one.tenant,
        key=one.key,
        model=one.model,
        target=one.target,
        reported_input_tokens=one.reported[0],
        reported_output_tokens=one.reported[1],
        counted_input_tokens=one.counted[0],
        counted_output_tokens=one.counted[1],
    )
