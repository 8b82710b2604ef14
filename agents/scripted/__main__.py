"""`python -m agents.scripted`: the scripted provider as a process; prints its URL as the first line."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click
import uvloop

from .script import Script, load
from .server import ScriptedServer


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4100, show_default=True, help="Port; 0 takes any free one.")
@click.option(
    "--script", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML or JSON file."
)
def main(host: str, port: int, path: Path | None) -> None:
    """Serve a scripted model provider (OpenAI and Anthropic dialects) until SIGINT or SIGTERM."""
    try:
        script = Script() if path is None else load(path)
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from error
    uvloop.run(_serve(ScriptedServer(script, host=host, port=port)))


async def _serve(server: ScriptedServer) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        print(server.url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
