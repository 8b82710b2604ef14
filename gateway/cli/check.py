"""`tollhouse check`: what the configuration means, before anything is served."""

from pathlib import Path

import click

from ..config import load, warnings
from ..config.show import resolved
from .options import config_option


@click.command()
@click.option("--no-secrets", is_flag=True, help="Do not look whether the secrets are where the file says.")
@config_option
def check(no_secrets: bool, config_path: Path) -> None:
    """Check the configuration and print it resolved: every default filled in, every secret masked."""
    config = load(config_path, secrets=not no_secrets)
    click.echo(resolved(config), nl=False)
    for warning in warnings(config):
        click.echo(f"warning: {warning}", err=True)
