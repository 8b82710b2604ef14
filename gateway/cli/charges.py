"""`tollhouse charges`: what was charged without a plain bill, and deciding on it."""

from typing import Any

import click

from .owner import Owner, at, owner_options
from .words import amount, instant, say_json, table

_MARKS = ("overrun", "implausible", "counted", "uncertain", "expired")


@click.group()
def charges() -> None:
    """Look at charges that are not simply the bill; confirm or refund them."""


@charges.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--mark", type=click.Choice(_MARKS), help="Only those marked so.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="At most so many.")
@owner_options
def list_(*, tenant: str | None, mark: str | None, limit: int, owner: Owner, as_json: bool) -> None:
    """List charges that wait for a decision, latest first, and the sums of each mark.

    overrun: reported above what was reserved. implausible: reported far above; the reserve was charged, and the target
    is left alone until you decide. counted: no report, our own count. uncertain: nobody can say; the reserve was
    charged in full. expired: never settled; charged in full.
    """
    said = owner.ask("GET", "/admin/charges", tenant=tenant, mark=mark, limit=limit)
    if as_json:
        say_json(said)
        return
    table(
        ("CHARGE", "MARK", "AT", "TENANT", "KEY", "RUN", "CHARGED", "HELD", "REPORTED"),
        (
            (
                each["id"],
                each["mark"],
                instant(each["at_us"]),
                each["tenant"] or "",
                each["key"] or "",
                each["run"] or "",
                amount("nano_usd", each["charged_nano_usd"]),
                amount("nano_usd", each["held_nano_usd"]),
                amount("nano_usd", each["reported_nano_usd"]) if each["reported_nano_usd"] else "",
            )
            for each in said["charges"]
        ),
    )
    for name, nano in sorted(said["sums"].items()):
        click.echo(f"{name}: {said['numbers'][name]} in all, {amount('nano_usd', nano)}")
    for bound, charge in sorted(said["suspended"].items()):
        click.echo(f"{bound} is out of use until charge {charge} is confirmed or refunded")
    if said["more"]:
        click.echo(f"… and more; --limit shows up to 1000, this was {limit}", err=True)


@charges.command("confirm")
@click.argument("charge")
@click.option("--reason", help="For the book; without personal data.")
@owner_options
def confirm(*, charge: str, reason: str | None, owner: Owner, as_json: bool) -> None:
    """Accept CHARGE as it is; a target that it suspended is used again."""
    _say(owner.ask("POST", at("charges", charge, "confirm"), _given(reason=reason)), as_json=as_json)


@charges.command("refund")
@click.argument("charge")
@click.option("--cost", "cost_usd", help="What it really cost, in dollars; nothing if left out.")
@click.option("--reason", help="For the book; without personal data.")
@owner_options
def refund(*, charge: str, cost_usd: str | None, reason: str | None, owner: Owner, as_json: bool) -> None:
    """Give CHARGE back down to what it cost: run, key and tenant have the rest again."""
    body = _given(cost_usd=cost_usd, reason=reason)
    _say(owner.ask("POST", at("charges", charge, "refund"), body), as_json=as_json)


def _given(**members: str | None) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(said)
    elif said["already"]:
        click.echo(f"charge {said['id']} was {said['decision']} before; nothing was changed")
    elif said["decision"] == "refunded":
        click.echo(f"charge {said['id']} is refunded: {amount('nano_usd', said['refunded_nano_usd'])} were given back")
    else:
        click.echo(f"charge {said['id']} is confirmed")
