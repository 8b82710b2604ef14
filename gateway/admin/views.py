"""Papers and the ledger's figures as the admin API shows them."""

from limits.accounts import Cap
from limits.balances import Balances
from limits.seam import Ledger
from limits.windows import FOREVER

from ..papers import Key, Run, Tenant
from .parts import Parts
from .shapes import CapFigures, KeyShown, RunShown, TenantShown


async def tenant_shown(parts: Parts, tenant: Tenant) -> TenantShown:
    """Return a tenant with what is used of its caps."""
    balances = await parts.ledger.balances(tenant.scope, tenant=tenant.id)
    return TenantShown(
        id=tenant.id,
        name=tenant.name,
        time_zone=tenant.time_zone,
        caps=_caps(balances),
        tools=tenant.tools,
        disabled=tenant.disabled,
        stopped=tenant.scope in parts.directory.stopped,
        declared=tenant.declared,
        spent_nano_usd=0 if balances is None else balances.nano,
    )


async def key_shown(parts: Parts, key: Key) -> KeyShown:
    """Return a key with what is used of its caps."""
    return KeyShown(
        id=key.id,
        name=key.name,
        tenant=key.tenant.id,
        profile=key.profile.name,
        role=key.role,
        caps=_caps(await parts.ledger.balances(key.scope, tenant=key.tenant.id)),
        models=None if key.models is None else tuple(sorted(key.models)),
        tools=key.tools,
        expires_us=key.expires_us,
        revoked=key.revoked,
        stopped=key.scope in parts.directory.stopped,
        declared=key.declared,
    )


async def run_shown(parts: Parts, run: Run) -> RunShown:
    """Return a run with what it has used, its descendants included."""
    return RunShown(
        id=run.id,
        tenant=run.tenant_id,
        key=run.key_id,
        parent=run.parent,
        profile=run.profile.name,
        origin=run.origin,
        status=parts.directory.why_ended(run) or "open",
        opened_us=run.opened_us,
        expires_us=run.expires_us,
        limits=run.limits.as_dict(),
        used=await run_used(parts.ledger, run),
    )


async def run_used(ledger: Ledger, run: Run) -> dict[str, int]:
    """Return what a run has used by dimension: money and tokens settled, what was counted."""
    balances = await ledger.balances(run.scope, tenant=run.tenant_id)
    if balances is None:
        return {}
    tokens = balances.input_tokens + balances.output_tokens
    return {"nano_usd": balances.nano, "tokens": tokens, **balances.counts}


def _caps(balances: Balances | None) -> tuple[CapFigures, ...]:
    if balances is None:
        return ()
    return tuple(
        CapFigures(
            cap=str(Cap(cap.dimension, cap.limit, cap.window, cap.hard)),
            limit=cap.limit,
            settled=cap.settled,
            held=cap.held,
            ends_us=None if cap.ends_us >= FOREVER else cap.ends_us,
        )
        for cap in balances.caps
    )
