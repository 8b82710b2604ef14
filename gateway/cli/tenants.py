"""`tollhouse tenants`: who pays, and up to where."""

import datetime as dt
import itertools
import json
import time
from typing import Any

import click

from .options import CAP
from .owner import Owner, at, owner_options
from .words import amount, caps, say_json, table


@click.group()
def tenants() -> None:
    """Make tenants, cap them, look at what they spent."""


@tenants.command("create")
@click.argument("tenant")
@click.option("--name", help="A name for people.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where its days and months begin.")
@click.option("--cap", "wanted", type=CAP, multiple=True, help="A ceiling: usd=100/month, tokens=1000000/day/soft.")
@owner_options
def create(
    *,
    tenant: str,
    name: str | None,
    time_zone: str,
    wanted: tuple[dict[str, Any], ...],
    owner: Owner,
    as_json: bool,
) -> None:
    """Make a tenant."""
    body = {"id": tenant, "name": name, "time_zone": time_zone, "caps": wanted}
    _say(owner.ask("POST", "/admin/tenants", body), as_json=as_json)


@tenants.command("list")
@owner_options
def list_(*, owner: Owner, as_json: bool) -> None:
    """List all tenants with their caps and what is used of them."""
    said = owner.ask("GET", "/admin/tenants")
    if as_json:
        say_json(said)
        return
    table(
        ("TENANT", "SPENT", "CAPS", ""),
        (
            (each["id"], amount("nano_usd", each["spent_nano_usd"]), caps(each["caps"]), _marks(each))
            for each in said["tenants"]
        ),
    )


@tenants.command("show")
@click.argument("tenant")
@owner_options
def show(*, tenant: str, owner: Owner, as_json: bool) -> None:
    """Show one tenant."""
    _say(owner.ask("GET", at("tenants", tenant)), as_json=as_json)


@tenants.command("cap")
@click.argument("tenant")
@click.argument("wanted", type=CAP, nargs=-1)
@click.option("--none", "no_caps", is_flag=True, help="Take all caps away.")
@owner_options
def cap(
    *,
    tenant: str,
    wanted: tuple[dict[str, Any], ...],
    no_caps: bool,
    owner: Owner,
    as_json: bool,
) -> None:
    """Replace a tenant's caps: usd=100/month, tokens=1000000/day/soft, several if you like."""
    if bool(wanted) == no_caps:
        raise click.UsageError("name one cap or more, or --none")
    _say(owner.ask("PUT", at("tenants", tenant, "caps"), {"caps": wanted}), as_json=as_json)


@tenants.command("raise")
@click.argument("tenant")
@click.argument("wanted", type=CAP, nargs=-1, required=True)
@owner_options
def raise_(*, tenant: str, wanted: tuple[dict[str, Any], ...], owner: Owner, as_json: bool) -> None:
    """Set some caps (higher, lower or new), and leave the tenant's others as they are."""
    _say(owner.ask("PATCH", at("tenants", tenant, "caps"), {"caps": wanted}), as_json=as_json)


@tenants.command("watch")
@click.argument("tenant")
@click.option("--every", "every_s", type=click.FloatRange(0.1, 3_600), default=2, show_default=True, help="Seconds.")
@click.option("--looks", type=click.IntRange(1), help="End after so many looks; else with Ctrl-C.")
@owner_options
def watch(*, tenant: str, every_s: float, looks: int | None, owner: Owner, as_json: bool) -> None:
    """Print what a tenant has spent against its caps, again whenever that changes."""
    before: dict[str, Any] = {}
    for look in itertools.count(1):
        said = owner.ask("GET", at("tenants", tenant))
        if said != before:
            _watched(said, as_json=as_json)
            before = said
        if look == looks:
            return
        time.sleep(every_s)


def _watched(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    now = dt.datetime.now(dt.UTC).strftime("%H:%M:%SZ")
    click.echo(f"{now}  {amount('nano_usd', said['spent_nano_usd'])} in all; {caps(said['caps'])}")


@tenants.command("stop")
@click.argument("tenant")
@owner_options
def stop(*, tenant: str, owner: Owner, as_json: bool) -> None:
    """Kill switch: refuse whatever a tenant's keys ask and cut what they have under way, until it is lifted."""
    _say(owner.ask("POST", at("tenants", tenant, "stop")), as_json=as_json)


@tenants.command("lift")
@click.argument("tenant")
@owner_options
def lift(*, tenant: str, owner: Owner, as_json: bool) -> None:
    """Let a stopped tenant go on."""
    _say(owner.ask("POST", at("tenants", tenant, "lift")), as_json=as_json)


@tenants.command("disable")
@click.argument("tenant")
@click.option("--undo", is_flag=True, help="Take its keys again.")
@owner_options
def disable(*, tenant: str, undo: bool, owner: Owner, as_json: bool) -> None:
    """Refuse all keys of a tenant from now on."""
    _say(owner.ask("PATCH", at("tenants", tenant), {"disabled": not undo}), as_json=as_json)


def _marks(said: dict[str, Any]) -> str:
    return ", ".join(word for word in ("declared", "disabled", "stopped") if said[word])


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(said)
        return
    marks = _marks(said)
    click.echo(f"tenant {said['id']}" + (f" ({marks})" if marks else ""))
    click.echo(f"  time zone  {said['time_zone']}")
    click.echo(f"  caps       {caps(said['caps'])}")
    click.echo(f"  spent      {amount('nano_usd', said['spent_nano_usd'])} in all")
