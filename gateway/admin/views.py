"""Papers and the ledger's figures as the admin API shows them."""

from limits.accounts import Account
from limits.ledger import EmbeddedLedger
from limits.runs import COUNTED

from ..papers import Key, Run, Tenant
from .parts import Parts
from .shapes import CapFigures, KeyShown, RunShown, TenantShown


def tenant_shown(parts: Parts, tenant: Tenant) -> TenantShown:
    """Return a tenant with what is used of its caps."""
    account = _account(parts, tenant.scope)
    return TenantShown(
        id=tenant.id,
        name=tenant.name,
        time_zone=tenant.time_zone,
        caps=_caps(account),
        tools=tenant.tools,
        disabled=tenant.disabled,
        declared=tenant.declared,
        spent_nano_usd=0 if account is None else sum(tally.nano for tally in account.tallies()),
    )


def key_shown(parts: Parts, key: Key) -> KeyShown:
    """Return a key with what is used of its caps."""
    return KeyShown(
        id=key.id,
        name=key.name,
        tenant=key.tenant.id,
        profile=key.profile.name,
        role=key.role,
        caps=_caps(_account(parts, key.scope)),
        models=None if key.models is None else tuple(sorted(key.models)),
        tools=key.tools,
        expires_us=key.expires_us,
        revoked=key.revoked,
        declared=key.declared,
    )


def run_shown(parts: Parts, run: Run) -> RunShown:
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
        used=run_used(parts.ledger, run),
    )


def run_used(ledger: EmbeddedLedger, run: Run) -> dict[str, int]:
    """Return what a run has used by dimension: money and tokens settled, what was counted."""
    account = ledger.run(run.id)
    if account is None:
        return {}
    tallies = account.tallies()
    used = {
        "nano_usd": sum(tally.nano for tally in tallies),
        "tokens": sum(tally.input_tokens + tally.output_tokens for tally in tallies),
    }
    return used | dict(zip(COUNTED, account.counts, strict=True))


def _account(parts: Parts, scope: str) -> Account | None:
    now = parts.clock.utc_us()
    account = parts.ledger.account(scope, now)
    if account is not None and now >= account.wake_us:
        account.roll(now)
    return account


def _caps(account: Account | None) -> tuple[CapFigures, ...]:
    if account is None:
        return ()
    return tuple(
        CapFigures(cap=str(cell.cap), limit=cell.cap.limit, settled=cell.settled, held=cell.used - cell.settled)
        for cell in account.cells
    )
