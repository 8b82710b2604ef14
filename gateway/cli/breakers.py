"""`tollhouse breakers`: what is left alone because it fails, and the switch to do so by hand."""

from typing import Any

import click

from .owner import Owner, at, owner_options
from .words import say_json, table


@click.group()
def breakers() -> None:
    """Look at breakers of upstreams, tools and MCP servers; open, close and reset them."""


@breakers.command("list")
@owner_options
def list_(*, owner: Owner, as_json: bool) -> None:
    """List all breakers of the gateway that serves."""
    said = owner.ask("GET", "/admin/breakers")
    if as_json:
        say_json(said)
        return
    table(
        ("BREAKER", "STATE", "FAILURES", "OPENINGS", "PROBE IN"),
        (
            (
                *(each["name"], each["state"], str(each["failures"]), str(each["openings"])),
                f"{each['probe_in_s']:.0f} s" if each["state"] == "open" else "",
            )
            for each in said["breakers"]
        ),
    )


@breakers.command("open")
@click.argument("breaker")
@click.option(
    "--seconds", type=click.FloatRange(0, 604_800, min_open=True), default=600, show_default=True, help="For how long."
)
@owner_options
def open_(*, breaker: str, seconds: float, owner: Owner, as_json: bool) -> None:
    """Leave what BREAKER guards alone for a while; then one call is the probe."""
    _say(owner.ask("POST", at("breakers", breaker, "open"), {"seconds": seconds}), as_json=as_json)


@breakers.command("close")
@click.argument("breaker")
@owner_options
def close(*, breaker: str, owner: Owner, as_json: bool) -> None:
    """Let all calls through again."""
    _say(owner.ask("POST", at("breakers", breaker, "close")), as_json=as_json)


@breakers.command("reset")
@click.argument("breaker")
@owner_options
def reset(*, breaker: str, owner: Owner, as_json: bool) -> None:
    """Forget failures and back-off; if BREAKER is open, the next call is the probe."""
    _say(owner.ask("POST", at("breakers", breaker, "reset")), as_json=as_json)


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(said)
        return
    probe = f", one probe in {said['probe_in_s']:.0f} s" if said["state"] == "open" else ""
    click.echo(f"breaker {said['name']}: {said['state']}{probe}")
