"""`tollhouse witness`: cosign the checkpoints of other machines' books."""

import os
import socket
from pathlib import Path

import click

from audit.cosignature import create_cosigner, load_cosigner
from audit.keys import load_verifiers
from audit.witness import Witness

from ..server import listen, serve
from ..witness import WitnessApp

_SEED_BYTES = 32


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Its key and memory.")
@click.option(
    "--log",
    "logs",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    multiple=True,
    required=True,
    help="A witnessed log's public key (its signing.key.pub); may be given more than once.",
)
@click.option("--name", default=None, help="The witness's name, when its key is made. Default: witness/HOST.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=4010, show_default=True)
def witness(*, folder: Path, logs: tuple[Path, ...], name: str | None, host: str, port: int) -> None:
    """Serve a C2SP witness: it cosigns a log's checkpoint only if it extends what it saw before."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = folder / "witness.key"
    if key.exists():
        cosigner = load_cosigner(key)
    else:
        cosigner = create_cosigner(key, name or f"witness/{socket.gethostname()}", os.urandom(_SEED_BYTES))
    verifiers = [each for log in logs for each in load_verifiers(log)]
    click.echo(f"witness_key: {cosigner.verifier.vkey()}")
    listening = listen(host, port)
    click.echo(f"cosigns at http://{host}:{listening.getsockname()[1]}")
    app = WitnessApp(Witness(folder / "logs", cosigner, verifiers), [each.name for each in verifiers])
    serve(app, sockets=[listening], shutdown_grace_s=5)
