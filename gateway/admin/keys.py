"""`/admin/keys`: who speaks. A key's text is in the answer that makes it, and nowhere afterwards."""

from typing import Annotated

from fastapi import APIRouter, Query

from ..errors import InvalidRequest, NotFound
from ..papers import HOUSE, caps_of
from .actor import WHO, Actor
from .parts import Parts
from .shapes import KeyMade, Keys, KeyShown, NewKey
from .views import key_shown


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/keys", tags=["keys"], dependencies=[WHO])

    @router.get("")
    async def list_keys(tenant: Annotated[str | None, Query(max_length=64)] = None) -> Keys:
        """Return all keys, or a tenant's, without their texts."""
        return Keys(keys=tuple([await key_shown(parts, key) for key in parts.directory.keys_of(tenant)]))

    @router.post("", status_code=201)
    async def create_key(body: NewKey, actor: Actor) -> KeyMade:
        """Make a key; `secret` is shown this once and stored nowhere."""
        if (body.tenant is None) == (body.role == "client"):
            raise InvalidRequest("a client's key names its tenant; other roles name none", param="tenant")
        key, secret = await parts.registry.create_key(
            actor,
            body.tenant or HOUSE.id,
            name=body.name,
            profile=body.profile,
            role=body.role,
            caps=caps_of(body.caps),
            models=None if body.models is None else frozenset(body.models),
            tools=body.tools,
            expires_us=None if body.expires is None else round(body.expires.timestamp() * 1_000_000),
        )
        return KeyMade(key=await key_shown(parts, key), secret=secret)

    @router.get("/{key_id}")
    async def show_key(key_id: str) -> KeyShown:
        """Return one key."""
        key = parts.directory.key(key_id)
        if key is None:
            raise NotFound("there is no such key", param="key")
        return await key_shown(parts, key)

    @router.post("/{key_id}/revoke")
    async def revoke_key(key_id: str, actor: Actor) -> KeyShown:
        """Refuse a key and the keys of its runs from now on; it cannot be taken back."""
        return await key_shown(parts, await parts.registry.revoke_key(actor, key_id))

    return router
