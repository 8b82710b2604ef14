"""What the book says of papers: all but secrets."""

from typing import Any

from ..papers import Key, Tenant


def said(paper: Tenant | Key) -> dict[str, Any]:
    """Return what the book says of a tenant or key."""
    return said_key(paper) if isinstance(paper, Key) else said_tenant(paper)


def said_tenant(tenant: Tenant) -> dict[str, Any]:
    """Return what the book says of a tenant."""
    return {
        "name": tenant.name,
        "time_zone": tenant.time_zone,
        "caps": [str(cap) for cap in tenant.caps],
        "tools": None if tenant.tools is None else list(tenant.tools),
        "disabled": tenant.disabled,
    }


def said_key(key: Key) -> dict[str, Any]:
    """Return what the book says of a key: everything but its text and hash."""
    return {
        "name": key.name,
        "tenant": key.tenant.id,
        "profile": key.profile.name,
        "role": key.role,
        "caps": [str(cap) for cap in key.caps],
        "models": None if key.models is None else sorted(key.models),
        "tools": None if key.tools is None else list(key.tools),
        "expires_us": key.expires_us,
        "revoked": key.revoked,
    }
