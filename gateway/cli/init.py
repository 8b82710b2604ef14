"""`tollhouse init`: a configuration, a folder, keys; then `tollhouse serve` works. It asks nothing."""

import asyncio
import os
from pathlib import Path

import click

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.money import usd_to_nano
from limits.seam import LocalLedger

from ..config import load
from ..directory import Registry
from ..house import House, open_house
from .options import config_option
from .template import KINDS, Choice, template

FIRST_TENANT = "default"


@click.command()
@click.option("--upstream", type=click.Choice(list(KINDS)), default="openai", show_default=True, help="Who is asked.")
@click.option("--base-url", help="The upstream's address, up to and including /v1.")
@click.option("--model", help="A model the upstream serves.  [openai: gpt-4o-mini]")
@click.option("--cap-usd", default="10", show_default=True, help="What the first tenant may spend a month, in dollars.")
@config_option
def init(*, upstream: str, base_url: str | None, model: str | None, cap_usd: str, config_path: Path) -> None:
    """Write tollhouse.yaml, make the folder and its keys, a first tenant and its key, and print the keys once."""
    try:
        cap = Cap("nano_usd", usd_to_nano(cap_usd), "month")
    except ValueError as error:
        raise click.UsageError(f"--cap-usd: {error}") from None
    kind = KINDS[upstream]
    if not (model or kind.model):
        raise click.UsageError(f"--model is needed for {upstream}: the name under which it serves its model")
    text = template(Choice(kind, base_url or kind.base_url, model or kind.model))
    try:
        with config_path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{config_path} is there already and is left as it is") from None
    with open_house(load(config_path, secrets=False), SystemClock()) as house:
        token = asyncio.run(_first_tenant(house, cap))
        click.echo(f"wrote {config_path}")
        for made in house.made:
            click.echo(f"made  {made}")
    if house.admin_token:
        click.echo(f"\nadmin key (administrates):     {house.admin_token}")
    if token:
        click.echo(f"client key (calls models):     {token}")
    click.echo("Both are shown this once and stored nowhere." if token else "It is shown this once.")
    click.echo(f"\nThe tenant {FIRST_TENANT} may spend ${cap_usd} a month. Next:")
    if kind.secret:
        click.echo(f"  export {kind.secret}=…")
    click.echo("  tollhouse serve")
    click.echo(f"  OPENAI_BASE_URL=http://127.0.0.1:4000/v1 OPENAI_API_KEY={'…client key…'} python your_program.py")


async def _first_tenant(house: House, cap: Cap) -> str | None:
    """Make the first tenant and a key, unless the folder was used before."""
    if house.directory.tenant(FIRST_TENANT) is not None:
        return None
    clock = SystemClock()
    registry = Registry(house.directory, house.book, clock, LocalLedger(clock))
    actor = f"local:{os.getuid()}"
    await registry.create_tenant(actor, FIRST_TENANT, caps=(cap,))
    _, token = await registry.create_key(actor, FIRST_TENANT, name="first")
    return token
