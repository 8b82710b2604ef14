"""`tollhouse tools`: what agents may call, and how it does."""

import click

from .owner import Owner, owner_options
from .words import amount, say_json, table


@click.command("tools")
@click.option("--tenant", help="Only what this tenant's keys may call.")
@owner_options
def tools(*, tenant: str | None, owner: Owner, as_json: bool) -> None:
    """List tools: who may call them, calls, errors, time, breaker, spend (since the gateway's start)."""
    said = owner.ask("GET", "/admin/tools")
    shown = [each for each in said["tools"] if tenant is None or tenant in each["tenants"]]
    if as_json:
        say_json({"tools": shown})
        return
    table(
        ("TOOL", "KIND", "TENANTS", "CALLS", "ERRORS", "MEAN", "BREAKER", "SPENT"),
        (
            (
                each["name"],
                each["kind"],
                ", ".join(each["tenants"]) or "none",
                f"{each['calls']:,}",
                f"{each['errors']:,}",
                f"{each['mean_ms']:g} ms",
                each["breaker"] or "-",
                amount("nano_usd", each["spent_nano_usd"]),
            )
            for each in shown
        ),
    )
