"""`/admin/tenants`: who pays, and up to where."""

from fastapi import APIRouter

from ..errors import NotFound
from ..papers import HOUSE, caps_of
from .actor import WHO, Actor
from .parts import Parts
from .shapes import NewCaps, NewTenant, Tenants, TenantShown, TenantState
from .views import tenant_shown


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/tenants", tags=["tenants"], dependencies=[WHO])

    @router.get("")
    async def list_tenants() -> Tenants:
        """Return all tenants with their caps and what is used of them."""
        tenants = [each for each in parts.directory.tenants() if each is not HOUSE]
        return Tenants(tenants=tuple([await tenant_shown(parts, each) for each in tenants]))

    @router.post("", status_code=201)
    async def create_tenant(body: NewTenant, actor: Actor) -> TenantShown:
        """Make a tenant."""
        tenant = await parts.registry.create_tenant(
            actor, body.id, name=body.name, time_zone=body.time_zone, caps=caps_of(body.caps), tools=body.tools
        )
        return await tenant_shown(parts, tenant)

    @router.get("/{tenant_id}")
    async def show_tenant(tenant_id: str) -> TenantShown:
        """Return one tenant."""
        tenant = parts.directory.tenant(tenant_id)
        if tenant is None or tenant is HOUSE:
            raise NotFound("there is no such tenant", param="tenant")
        return await tenant_shown(parts, tenant)

    @router.put("/{tenant_id}/caps")
    async def set_caps(tenant_id: str, body: NewCaps, actor: Actor) -> TenantShown:
        """Replace a tenant's caps; what is spent in the present windows counts against the new ones."""
        return await tenant_shown(parts, await parts.registry.set_caps(actor, tenant_id, caps_of(body.caps)))

    @router.patch("/{tenant_id}/caps")
    async def change_caps(tenant_id: str, body: NewCaps, actor: Actor) -> TenantShown:
        """Set some of a tenant's caps; those of another dimension, window or kind stay as they are."""
        tenant = await parts.registry.set_caps(actor, tenant_id, caps_of(body.caps), others=True)
        return await tenant_shown(parts, tenant)

    @router.post("/{tenant_id}/stop")
    async def stop_tenant(tenant_id: str, actor: Actor) -> TenantShown:
        """Refuse whatever a tenant's keys ask from now on and cut what they have under way; it can be lifted."""
        await parts.stops.stop(actor, "tenant", tenant_id)
        return await show_tenant(tenant_id)

    @router.post("/{tenant_id}/lift")
    async def lift_tenant(tenant_id: str, actor: Actor) -> TenantShown:
        """Let a stopped tenant go on."""
        await parts.stops.lift(actor, "tenant", tenant_id)
        return await show_tenant(tenant_id)

    @router.patch("/{tenant_id}")
    async def set_state(tenant_id: str, body: TenantState, actor: Actor) -> TenantShown:
        """Refuse all keys of a tenant from now on, or take them again."""
        return await tenant_shown(parts, await parts.registry.disable_tenant(actor, tenant_id, disabled=body.disabled))

    return router
