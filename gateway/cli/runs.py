"""`tollhouse runs`: what agents are at."""

from typing import Any

import click

from .owner import Owner, at, owner_options
from .words import amount, instant, say_json, table


@click.group()
def runs() -> None:
    """Look at runs of agents, and stop them."""


@runs.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="At most so many.")
@click.option("--all", "over_too", is_flag=True, help="Also those that are over.")
@owner_options
def list_(*, tenant: str | None, limit: int, over_too: bool, owner: Owner, as_json: bool) -> None:
    """List open runs, latest first."""
    said = owner.ask("GET", "/admin/runs", tenant=tenant, limit=limit, all=over_too)
    if as_json:
        say_json(said)
        return
    table(
        ("RUN", "TENANT", "KEY", "ORIGIN", "STATUS", "OPENED", "STEPS", "TOKENS", "SPENT"),
        (
            (
                each["id"],
                each["tenant"],
                each["key"],
                each["origin"],
                each["status"],
                instant(each["opened_us"]),
                _of(each, "steps"),
                _of(each, "tokens"),
                _of(each, "nano_usd"),
            )
            for each in said["runs"]
        ),
    )
    if said["more"]:
        click.echo(f"… and more; --limit shows up to 1000, this was {limit}", err=True)


@runs.command("show")
@click.argument("run")
@owner_options
def show(*, run: str, owner: Owner, as_json: bool) -> None:
    """Show one run: its limits and what it has used."""
    _say(owner.ask("GET", at("runs", run)), as_json=as_json)


@runs.command("cancel")
@click.argument("run")
@owner_options
def cancel(*, run: str, owner: Owner, as_json: bool) -> None:
    """Kill a run and its children: no further step is taken."""
    _say(owner.ask("POST", at("runs", run, "cancel")), as_json=as_json)


def _of(run: dict[str, Any], dimension: str) -> str:
    used, limit = run["used"].get(dimension, 0), run["limits"].get(dimension)
    if dimension == "nano_usd":
        return (
            f"{amount(dimension, used)} of {amount(dimension, limit)}" if limit is not None else amount(dimension, used)
        )
    return f"{used:,} of {limit:,}" if limit is not None else f"{used:,}"


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(said)
        return
    below = f", child of {said['parent']}" if said["parent"] else ""
    click.echo(
        f"run {said['id']}: {said['status']}, {said['origin']} (tenant {said['tenant']}, key {said['key']}{below})"
    )
    click.echo(f"  opened   {instant(said['opened_us'])}, forgotten after {instant(said['expires_us'])}")
    for dimension in sorted({*said["limits"], *said["used"]}):
        click.echo(f"  {dimension:<12} {_of(said, dimension)}")
