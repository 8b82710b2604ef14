"""`tollhouse demo`: the main job as a scene that checks itself, against a scripted provider on this machine.

It speaks with the official `openai` client, which is no dependency of the gateway; so the client is looked for before
anything that needs it is imported.
"""

import importlib
import importlib.util

import click

CLIENT = "openai"
MISSING = (
    f"the demo speaks with the official client, and the package {CLIENT} is not installed: "
    "run `make demo`, or install it beside tollhouse"
)


def main(client: str = CLIENT) -> int:
    """Play the scene; return 0 if everything was as told, 1 if not or if the package `client` is missing."""
    if importlib.util.find_spec(client) is None:
        click.echo(MISSING, err=True)
        return 1
    # Not an import at the top: that would need the client for every other command as well.
    scene = importlib.import_module(f"{__name__}.scene")
    return 0 if scene.play() else 1
