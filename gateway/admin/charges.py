"""`/admin/charges`: what was charged without a plain bill, listed one by one until somebody decides."""

from typing import Annotated

from fastapi import APIRouter, Query

from limits.marks import Marked
from limits.money import usd_to_nano

from ..charges import key_of, run_of, tenant_of
from .actor import WHO, Actor
from .parts import Parts
from .shapes import ChargeDecided, Charges, ChargeShown, Confirmation, Refund

PAGE_MAX = 1_000


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/charges", tags=["charges"], dependencies=[WHO])

    @router.get("")
    async def list_charges(
        tenant: Annotated[str | None, Query(max_length=64)] = None,
        mark: Annotated[str | None, Query(max_length=32)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> Charges:
        """Return overruns, uncertain, counted, implausible and expired charges that nobody decided on, latest first."""
        found = parts.charges.listed(tenant, mark)
        return Charges(
            charges=tuple(_shown(each) for each in found[:limit]),
            more=len(found) > limit,
            sums={name: nano for name, (_, nano) in parts.charges.sums().items()},
            numbers={name: number for name, (number, _) in parts.charges.sums().items()},
            suspended=parts.charges.suspended(),
        )

    @router.post("/{charge_id}/confirm")
    async def confirm_charge(charge_id: str, body: Confirmation, actor: Actor) -> ChargeDecided:
        """Accept a charge as it is; what it suspended is used again. Once is enough, twice is harmless."""
        decided = await parts.charges.confirm(actor, charge_id, body.reason)
        return ChargeDecided(id=decided.id, decision=decided.decision, refunded_nano_usd=0, already=decided.already)

    @router.post("/{charge_id}/refund")
    async def refund_charge(charge_id: str, body: Refund, actor: Actor) -> ChargeDecided:
        """Give a charge back down to what it cost; key, run and tenant have it again. Once is enough."""
        decided = await parts.charges.refund(actor, charge_id, body.reason, usd_to_nano(body.cost_usd))
        return ChargeDecided(
            id=decided.id, decision=decided.decision, refunded_nano_usd=decided.nano, already=decided.already
        )

    return router


def _shown(marked: Marked) -> ChargeShown:
    hold, charge = marked.hold, marked.charge
    return ChargeShown(
        id=hold.id,
        mark=charge.mark,
        at_us=hold.at_us,
        tenant=tenant_of(marked),
        key=key_of(marked),
        run=run_of(marked),
        charged_nano_usd=charge.nano,
        held_nano_usd=hold.nano,
        reported_nano_usd=charge.reported_nano,
        input_tokens=charge.input_tokens,
        output_tokens=charge.output_tokens,
        suspends=charge.suspends,
    )
