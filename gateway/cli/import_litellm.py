"""`tollhouse import-litellm`: a LiteLLM proxy's configuration as ours, and a report of what is not in it."""

import os
from pathlib import Path

import click
import yaml

from ..config import ConfigError
from ..config.litellm import imported
from ..config.load import FILE_BYTES_MAX, parse
from ..config.values import Reading

_HEAD = "# Made from {name} by tollhouse import-litellm. Every setting: docs/settings.md; resolved: tollhouse check\n\n"


@click.command("import-litellm")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("tollhouse.yaml"),
    show_default=True,
    help="The file to write; one that is there is left as it is.",
)
def import_litellm(source: Path, output: Path) -> None:
    """Write a tollhouse.yaml from a LiteLLM proxy's config.yaml, and say what could not be carried over.

    No secret is copied: keys are named as env/NAME. What LiteLLM keeps in its database is not in the file.
    """
    with source.open("rb") as file:
        raw = file.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise click.ClickException(f"{source} is longer than {FILE_BYTES_MAX} bytes")
    try:
        tree = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise click.ClickException(f"{source} is not YAML") from None
    if not isinstance(tree, dict):
        raise click.ClickException(f"{source} is no configuration of LiteLLM: it must be a mapping")
    result = imported(tree, os.environ)
    text = _HEAD.format(name=source.name) + yaml.dump(result.tree, Dumper=_Plain, sort_keys=False, width=120)
    try:
        parse(text, Reading(output.absolute().parent, {}, secrets=False), name=output)
    except ConfigError as error:
        raise click.ClickException(f"{source} cannot be used here, nothing was written:\n{error}") from None
    try:
        with output.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError:
        raise click.ClickException(f"{output} is there already and is left as it is") from None
    click.echo(f"wrote {output}: {len(result.tree['upstreams'])} upstreams, {len(result.tree['models'])} models")
    if result.lost:
        click.echo(f"\nnot carried over ({len(result.lost)}):")
        for place in sorted(result.lost):
            click.echo(f"  {place}: {result.lost[place]}")
    click.echo(f"\nNext: tollhouse check --config {output}, then tollhouse tenants create and tollhouse keys create")


class _Plain(yaml.SafeDumper):
    """Writes what stands in two places twice: our files have no aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Never an alias."""
        return True
