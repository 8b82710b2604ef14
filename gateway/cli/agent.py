"""`tollhouse agent …`: the agents' own command, in this process' place. The gateway never imports its clients."""

import os
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def agent(arguments: tuple[str, ...]) -> None:
    """Run agents behind a gateway: run, resume, approve, replay, runs, submit, worker; each has a --help of its own."""
    os.execv(sys.executable, [sys.executable, "-m", "agents", *arguments])  # noqa: S606 - our own interpreter and module
