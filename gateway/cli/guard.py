"""`tollhouse guard`: what a policy does to a text, and what it would have done to the requests that were kept."""

from collections import Counter
from pathlib import Path
from typing import IO

import click

from audit.master import MasterKey
from audit.reader import Reader

from ..config import load
from ..guards.policy import DIRECTIONS
from ..papers import resolve
from ..trial import replay as replayed
from .book import INSTANT, book_at, book_option
from .options import config_option, json_option
from .owner import Owner, owner_options
from .words import instant, say_json, table


@click.group()
def guard() -> None:
    """Try a profile's guards on texts; nothing that is tried is stored."""


@guard.command("try")
@click.option("--profile", default="default", show_default=True, help="The policy.")
@click.option("--direction", type=click.Choice(DIRECTIONS), default="request", show_default=True)
@click.option("--tenant", default="", help="Rules for this tenant count.")
@click.option("--key", default="", help="Rules for the key of this id count.")
@click.option("--model", default="", help="Rules for this model count.")
@click.option("--tool", default="", help="Whose arguments or result it is.")
@click.argument("text", type=click.File("r"), default="-")
@owner_options
def try_(
    *,
    profile: str,
    direction: str,
    tenant: str,
    key: str,
    model: str,
    tool: str,
    text: IO[str],
    owner: Owner,
    as_json: bool,
) -> None:
    """Show what a policy finds in the file TEXT (or standard input), and what would go on."""
    body = {
        "text": text.read(),
        "profile": profile,
        "direction": direction,
        "tenant": tenant,
        "key": key,
        "model": model,
        "tool": tool,
    }
    said = owner.ask("POST", "/admin/guards/try", body)
    if as_json:
        say_json(said)
        return
    click.echo(said["text"])
    table(
        ("KIND", "RULE", "ACTION", "FROM", "TO"),
        (
            (each["kind"], each["rule"], each["action"], str(each["start"]), str(each["end"]))
            for each in said["findings"]
        ),
    )
    for name in said["denied"]:
        click.echo(f"denied: {name}")
    for name in said["injected"]:
        click.echo(f"seems to give orders: {name}")
    if said["refused"]:
        click.echo("refused: content_blocked")


@guard.command("replay")
@click.option("--profile", default="default", show_default=True, help="The policy to try.")
@click.option("--since", type=INSTANT, help="Only requests from this instant on.")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--master-key", required=True, help="Opens the payloads: env/NAME, file/PATH or command/PROGRAM.")
@book_option
@config_option
@json_option
def replay(
    *,
    profile: str,
    since: int | None,
    tenant: str | None,
    master_key: str,
    book: Path | None,
    config_path: Path,
    as_json: bool,
) -> None:
    """Run a policy over the kept requests of the book: what it would have found and refused."""
    policies = {each.name: each for each in load(config_path, secrets=False).profiles}
    if profile not in policies:
        raise click.ClickException(f"there is no profile {profile}")
    counts: Counter[str] = Counter()
    requests, refused = 0, []
    with Reader.open(book_at(book, config_path).place) as reader:
        for each in replayed(
            reader, MasterKey.load(master_key), resolve(policies[profile]), from_us=since or 0, tenant=tenant
        ):
            requests += 1
            counts.update(each.findings)
            if each.blocked:
                refused.append(each.record)
    if as_json:
        calls = [record["call"] for record in refused]
        say_json({"requests": requests, "findings": dict(counts), "refused": calls})
        return
    click.echo(f"{requests} kept requests, {len(refused)} would be refused")
    table(("FINDING", "COUNT"), ((name, f"{count:,}") for name, count in sorted(counts.items())))
    table(
        ("REFUSED CALL", "KEY", "TIME"),
        ((record["call"], record["key"], instant(record["at"])) for record in refused[:100]),
    )
