"""`/admin/erasures` and `/admin/holds`: what is destroyed on request, and what must not be."""

from fastapi import APIRouter

from ..errors import NotFound
from ..keeper import Keeper
from ..papers import HOUSE
from .actor import WHO, Actor
from .parts import Parts
from .shapes import Erased, Erasure, Hold, HoldShown


def routes(parts: Parts, keeper: Keeper) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin", tags=["book"], dependencies=[WHO])

    def check(tenant: str) -> None:
        if parts.directory.tenant(tenant) in (None, HOUSE):
            raise NotFound("there is no such tenant", param="tenant")

    @router.post("/erasures", status_code=201)
    async def erase(body: Erasure, actor: Actor) -> Erased:
        """Destroy what is kept of a subject or a whole tenant; the book keeps its records, and this is one of them."""
        check(body.tenant)
        return Erased(record=await keeper.shred(actor, body.tenant, body.subject, body.reason))

    @router.put("/holds/{tenant_id}")
    async def hold(tenant_id: str, body: Hold, actor: Actor) -> HoldShown:
        """Put a tenant under legal hold, or lift it: while it lasts nothing of the tenant is destroyed."""
        check(tenant_id)
        return HoldShown(tenant=tenant_id, since_us=await keeper.hold(actor, tenant_id, on=body.on))

    return router
