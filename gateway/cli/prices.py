"""`tollhouse prices`: what models cost here, and where that is from."""

from typing import Any

import click

from .owner import Owner, at, owner_options
from .words import say_json, table

_MAIN = ("input", "output", "cached", "cache_write")


@click.group()
def prices() -> None:
    """Look at the prices in force, their source, and what overrides change."""


@prices.command("list")
@owner_options
def list_(*, owner: Owner, as_json: bool) -> None:
    """List the prices of all models, in dollars per million tokens."""
    said = owner.ask("GET", "/admin/prices")
    if as_json:
        say_json(said)
        return
    table(
        ("MODEL", "TARGET", "INPUT", "OUTPUT", "CACHED", "CACHE WRITE", "TIERS", "SOURCE"),
        (
            (
                each["model"],
                each["target"],
                *(_base(each).get(kind, "unknown") for kind in _MAIN),
                ", ".join(f"over {tier['over_input_tokens']:,}" for tier in each["tiers"][1:]),
                _source(each),
            )
            for each in said["prices"]
        ),
    )


@prices.command("show")
@click.argument("model")
@owner_options
def show(*, model: str, owner: Owner, as_json: bool) -> None:
    """Show all rates of MODEL, their source and version, and what an override changes."""
    said = owner.ask("GET", at("prices", model))
    if as_json:
        say_json(said)
        return
    for each in said["prices"]:
        click.echo(f"{each['model']} at {each['target']}: {_source(each)}")
        for tier in each["tiers"]:
            over = tier["over_input_tokens"]
            click.echo(f"  inputs over {over:,} tokens, $ per million:" if over else "  $ per million tokens:")
            for kind, usd in tier["usd_per_million"].items():
                click.echo(f"    {kind:<14} {usd}")
        for name, rates in each["service_tiers"].items():
            click.echo(f"  served at {name}: input {rates['input']}, output {rates['output']}")
        click.echo(f"  a call         ${each['usd_per_call']}")
        for kind, usd in each["usd_per_thousand_uses"].items():
            click.echo(f"  a thousand uses of {kind}: ${usd}")
        _differences(each)


@prices.command("diff")
@owner_options
def diff(*, owner: Owner, as_json: bool) -> None:
    """Tell where the configuration's overrides differ from the price package, in dollars per million tokens."""
    said = [each for each in owner.ask("GET", "/admin/prices")["prices"] if each["overridden"]]
    if as_json:
        say_json(said)
        return
    if not said:
        click.echo("no price is overridden")
    for each in said:
        click.echo(f"{each['model']} at {each['target']}: {_source(each)}")
        _differences(each)


def _base(each: dict[str, Any]) -> dict[str, str]:
    rates: dict[str, str] = each["tiers"][0]["usd_per_million"] if each["tiers"] else {}
    return rates


def _source(each: dict[str, Any]) -> str:
    if not each["source"]:
        return "none: calls are refused"
    return f"{each['source']} {each['version']}"


def _differences(each: dict[str, Any]) -> None:
    if not each["overridden"]:
        return
    if each["package_version"] is None:
        click.echo("  the price package does not list it")
    elif not each["differences"]:
        click.echo(f"  as genai-prices {each['package_version']} has it")
    for change in each["differences"]:
        click.echo(
            f"  {change['rate']}: {change['override']}, where genai-prices {each['package_version']} has "
            f"{change['package']}"
        )
