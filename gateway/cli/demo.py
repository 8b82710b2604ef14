"""`tollhouse demo`: the main job as a scene that checks itself."""

import sys

import click

from ..demo import main as play


@click.command()
def demo() -> None:
    """Show the main job against a scripted provider on this machine; exit code 1 if anything is not as told."""
    sys.exit(play())
