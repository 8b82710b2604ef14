"""`/admin/keys`: who speaks. A key's text is in the answer that makes it, and nowhere afterwards."""

from typing import Annotated

from fastapi import APIRouter, Query

from ..errors import InvalidRequest, NotFound
from ..papers import HOUSE, caps_of
from .actor import WHO, Actor
from .parts import Parts
from .shapes import KeyMade, Keys, KeyShown, NewCaps, NewKey
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
        return await _show(parts, key_id)

    @router.post("/{key_id}/revoke")
    async def revoke_key(key_id: str, actor: Actor) -> KeyShown:
        """Refuse a key and the keys of its runs from now on; it cannot be taken back."""
        return await key_shown(parts, await parts.registry.revoke_key(actor, key_id))

    _changes(router, parts)
    return router


def _changes(router: APIRouter, parts: Parts) -> None:
    """Add what changes a key that stands."""

    @router.put("/{key_id}/caps")
    async def set_caps(key_id: str, body: NewCaps, actor: Actor) -> KeyShown:
        """Replace a key's caps; what is spent in the present windows counts against the new ones."""
        return await key_shown(parts, await parts.registry.set_key_caps(actor, key_id, caps_of(body.caps)))

    @router.patch("/{key_id}/caps")
    async def change_caps(key_id: str, body: NewCaps, actor: Actor) -> KeyShown:
        """Set some of a key's caps; those of another dimension, window or kind stay as they are."""
        return await key_shown(parts, await parts.registry.set_key_caps(actor, key_id, caps_of(body.caps), others=True))

    @router.post("/{key_id}/stop")
    async def stop_key(key_id: str, actor: Actor) -> KeyShown:
        """Refuse whatever a key asks from now on and cut what it has under way; it can be lifted."""
        await parts.stops.stop(actor, "key", key_id)
        return await _show(parts, key_id)

    @router.post("/{key_id}/lift")
    async def lift_key(key_id: str, actor: Actor) -> KeyShown:
        """Let a stopped key go on."""
        await parts.stops.lift(actor, "key", key_id)
        return await _show(parts, key_id)


async def _show(parts: Parts, key_id: str) -> KeyShown:
    key = parts.directory.key(key_id)
    if key is None:
        raise NotFound("there is no such key", param="key")
    return await key_shown(parts, key)
