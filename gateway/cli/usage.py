"""`tollhouse usage`: who used it, and reports that are not our count."""

from collections.abc import Sequence
from typing import Any

import click

from ..usage import DIMENSIONS
from .owner import Owner, owner_options
from .words import amount, instant, say_json, table

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def usage() -> None:
    """See who used it: by tenant, day, key, model, user and feature."""


@usage.command("by")
@click.argument("dimensions", nargs=-1, required=True, type=click.Choice(DIMENSIONS))
@click.option("--since", type=_DAY, help="From this day on, in the tenant's time zone.")
@click.option("--until", type=_DAY, help="To this day.")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--key", help="Only by this key (its public id).")
@click.option("--model", help="Only of this model; of a tool: tool:NAME.")
@click.option("--user", help="Only of this user, named as calls name it, with --tenant; else by pseudonym.")
@click.option("--feature", help="Only of this feature.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="At most so many.")
@owner_options
def by(*, dimensions: Sequence[str], owner: Owner, as_json: bool, **asked: Any) -> None:
    """Sum spend by one or more DIMENSIONS, the dearest first: tollhouse usage by key model --tenant acme."""
    for name in ("since", "until"):
        asked[name] = None if asked[name] is None else asked[name].date().isoformat()
    said = owner.ask("GET", "/admin/usage", by=list(dimensions), **asked)
    if as_json:
        say_json(said)
        return
    table(
        (*(name.upper() for name in dimensions), "CALLS", "INPUT", "OUTPUT", "SPENT"),
        (
            (
                *(each["of"][name] or "-" for name in dimensions),
                f"{each['calls']:,}",
                f"{each['input_tokens']:,}",
                f"{each['output_tokens']:,}",
                amount("nano_usd", each["nano_usd"]),
            )
            for each in said["spend"]
        ),
    )
    if said["more"]:
        click.echo(f"… and more; --limit shows up to 1000, this was {asked['limit']}", err=True)


@usage.command("differing")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--percent", type=click.IntRange(0, 100), default=10, show_default=True, help="Further off than this.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="At most so many.")
@owner_options
def differing(*, tenant: str | None, percent: int, limit: int, owner: Owner, as_json: bool) -> None:
    """List replies whose provider reported other tokens than we counted, latest first."""
    said = owner.ask("GET", "/admin/usage/differing", tenant=tenant, percent=percent, limit=limit)
    if as_json:
        say_json(said)
        return
    table(
        ("CALL", "AT", "TENANT", "KEY", "MODEL", "TARGET", "REPORTED IN/OUT", "COUNTED IN/OUT"),
        (
            (
                *(each["call"], instant(each["at_us"]), each["tenant"], each["key"], each["model"], each["target"]),
                f"{each['reported_input_tokens']:,}/{each['reported_output_tokens']:,}",
                f"{each['counted_input_tokens']:,}/{each['counted_output_tokens']:,}",
            )
            for each in said["differing"]
        ),
    )
