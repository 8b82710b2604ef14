"""`tollhouse audit shred | hold | rewrap | rotate`: what is destroyed, what must not be, and other keys."""

import os
from pathlib import Path

import click

from audit.book import Book
from audit.keeping import Keeping, check_opens
from audit.keys import load_signing_key, next_signing_key, take_over
from audit.master import MasterKey
from audit.record import admin

from ..config import load
from ..house import SIGNING_KEY_NAME, place_of_book, schema_of
from .options import config_option
from .owner import Owner, owner_options
from .words import instant, say_json

_SEALED = ("state_reply", "state_vault", "state_approval")
"""Tables whose rows are sealed with keys made from the master key."""


@click.command()
@click.option("--tenant", required=True)
@click.option("--subject", help="Only this person, as callers name them; else all of the tenant.")
@click.option("--reason", default="request", show_default=True, help="For the book; without personal data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@owner_options
def shred(*, tenant: str, subject: str | None, reason: str, yes: bool, owner: Owner, as_json: bool) -> None:
    """Destroy what is kept of a subject or a tenant. It cannot be taken back; the log stays whole."""
    if not yes:
        whose = f"everything kept of tenant {tenant}" if subject is None else f"what is kept of one subject of {tenant}"
        click.confirm(f"Destroy {whose}?", abort=True)
    said = owner.ask("POST", "/admin/erasures", {"tenant": tenant, "subject": subject, "reason": reason})
    if as_json:
        say_json(said)
    else:
        click.echo(f"destroyed; record {said['record']} says so")


@click.command()
@click.argument("tenant")
@click.option("--lift", is_flag=True, help="End the hold.")
@owner_options
def hold(*, tenant: str, lift: bool, owner: Owner, as_json: bool) -> None:
    """Put TENANT under legal hold: nothing of it is destroyed until it is lifted."""
    said = owner.ask("PUT", f"/admin/holds/{tenant}", {"on": not lift})
    if as_json:
        say_json(said)
    elif said["since_us"] is None:
        click.echo(f"{tenant} is not under legal hold")
    else:
        click.echo(f"{tenant} is under legal hold since {instant(said['since_us'])}")


@click.command()
@click.option("--old", required=True, help="The present master key: env/NAME, file/PATH or command/PROGRAM.")
@click.option("--new", required=True, help="The next one, in the same form.")
@config_option
def rewrap(*, old: str, new: str, config_path: Path) -> None:
    """Wrap all keys with another master key. Stop the gateway first; then configure the new key.

    Keys of runs, open approvals and replies kept for repeated requests are made from the master key: they end with it.
    """
    config = load(config_path, secrets=False)
    old_key, new_key = MasterKey.load(old), MasterKey.load(new)
    signer = load_signing_key(config.folder / SIGNING_KEY_NAME)
    with Book.open(place_of_book(config), signer=signer, master=old_key, schema=schema_of(config)) as book:
        check_opens(book, old_key)
        book.change_now([(f"DELETE FROM {name}", ()) for name in _SEALED])  # noqa: S608 - constants
        count = Keeping(book).rewrap(old_key, new_key, actor=f"local:{os.getuid()}")
    click.echo(f"{count} keys are wrapped with the new master key; configure it before the next start")


@click.command()
@config_option
def rotate(*, config_path: Path) -> None:
    """Sign the book with a new key from now on. Stop the gateway first; then give auditors and witnesses the new .pub.

    The old private key is destroyed; its public half stays in the file of public keys, because it vouches for what it
    signed. A rotation that was cut short is completed by the next one.
    """
    config = load(config_path, secrets=False)
    path = config.folder / SIGNING_KEY_NAME
    old, new = load_signing_key(path).verifier, next_signing_key(path)
    with Book.open(place_of_book(config), signer=new, schema=schema_of(config)) as book:
        change = {"object": "signing key", "id": new.name, "old": old.key_id.hex(), "new": new.verifier.key_id.hex()}
        index = book.append_now(
            admin(actor=f"local:{os.getuid()}", change=change, reason="rotation"), tenant=None
        ).index
    take_over(path, new)
    click.echo(f"record {index} and all after it are signed with key {new.verifier.key_id.hex()}")
    click.echo(f"{path}.pub has its public half, and those of the keys before it: give it to auditors and witnesses")
