"""`tollhouse serve`: the gateway itself."""

import asyncio
import sys
from pathlib import Path

import click

from limits.clock import SystemClock

from .. import optional
from ..config import Config, load, warnings
from ..house import BOOK_NAME, open_house
from ..serving import serve as serve_config
from .options import config_option


@click.command()
@click.option("--host", help="Listen here instead of at listen.host.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Listen here instead of at listen.port; 0: any free one.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; needs `shared`.")
@config_option
def serve(host: str | None, port: int | None, workers: int, config_path: Path) -> None:
    """Serve until SIGINT or SIGTERM; then calls under way may end, and the book is closed."""
    config = _with(load(config_path), host, port)
    for warning in warnings(config):
        click.echo(f"warning: {warning}", err=True)
    if workers > 1 and config.shared is None:
        raise click.UsageError(
            "several workers count one tenant's money together: configure `shared` (PostgreSQL and Redis), or leave "
            "--workers out"
        )
    if config.shared is not None:
        asyncio.run(optional.redis_fits(config.shared.redis.reveal()))
    _first_start(config)

    def ready(at: int) -> None:
        click.echo(f"tollhouse serves at http://{config.listen.host}:{at}", err=True)

    sys.exit(serve_config(config, workers=workers, ready=ready))


def _first_start(config: Config) -> None:
    """Make what a folder needs before it is served for the first time, because its admin key is shown only then."""
    if config.shared is None and (config.folder / BOOK_NAME).exists():
        return
    with open_house(config, SystemClock()) as house:
        for made in house.made:
            click.echo(f"made {made}", err=True)
        if house.admin_token is None:
            return
        click.echo(f"admin key, shown this once and stored nowhere: {house.admin_token}", err=True)


def _with(config: Config, host: str | None, port: int | None) -> Config:
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return config.model_copy(update={"listen": config.listen.model_copy(update=changed)}) if changed else config
