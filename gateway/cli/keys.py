"""`tollhouse keys`: who speaks."""

import hashlib
import sys
from typing import Any

import click

from .options import CAP
from .owner import Owner, at, owner_options
from .words import caps, instant, say_json, table

_KEY_CHARS = range(40, 129)


@click.group()
def keys() -> None:
    """Make keys and revoke them."""


@keys.command("create")
@click.argument("tenant", required=False)
@click.option("--name", required=True, help="How the key is called, in the book too.")
@click.option("--profile", default="default", show_default=True, help="Its policy.")
@click.option("--role", type=click.Choice(["client", "admin", "approver"]), default="client", show_default=True)
@click.option("--cap", "wanted", type=CAP, multiple=True, help="A ceiling of its own: usd=5/day.")
@click.option("--model", "models", multiple=True, help="Narrow the profile's models to these.")
@click.option("--tool", "tools", multiple=True, help="Narrow the profile's tools to these; mail_* is a prefix.")
@click.option("--expires", help="No use from this date or instant on: 2027-01-01.")
@owner_options
def create(
    *,
    tenant: str | None,
    name: str,
    profile: str,
    role: str,
    wanted: tuple[dict[str, Any], ...],
    models: tuple[str, ...],
    tools: tuple[str, ...],
    expires: str | None,
    owner: Owner,
    as_json: bool,
) -> None:
    """Make a key for TENANT and print it: it is shown this once. Roles admin and approver have no tenant."""
    body = {
        "tenant": tenant,
        "name": name,
        "profile": profile,
        "role": role,
        "caps": wanted,
        "models": models or None,
        "tools": tools or None,
        "expires": expires,
    }
    said = owner.ask("POST", "/admin/keys", {member: value for member, value in body.items() if value is not None})
    if as_json:
        say_json(said)
        return
    click.echo(said["secret"])
    click.echo("This is the key; it is shown this once and stored nowhere.", err=True)


@keys.command("list")
@click.option("--tenant", help="Only this tenant's.")
@owner_options
def list_(*, tenant: str | None, owner: Owner, as_json: bool) -> None:
    """List keys, without their texts."""
    said = owner.ask("GET", "/admin/keys", tenant=tenant)
    if as_json:
        say_json(said)
        return
    table(
        ("KEY", "NAME", "TENANT", "ROLE", "PROFILE", "CAPS", "EXPIRES", ""),
        (
            (
                each["id"],
                each["name"],
                each["tenant"],
                each["role"],
                each["profile"],
                caps(each["caps"]),
                instant(each["expires_us"]),
                ", ".join(word for word in ("declared", "revoked", "stopped") if each[word]),
            )
            for each in said["keys"]
        ),
    )


@keys.command("cap")
@click.argument("key")
@click.argument("wanted", type=CAP, nargs=-1)
@click.option("--none", "no_caps", is_flag=True, help="Take all caps away.")
@owner_options
def cap(*, key: str, wanted: tuple[dict[str, Any], ...], no_caps: bool, owner: Owner, as_json: bool) -> None:
    """Replace the caps of KEY (its public id): usd=5/day, several if you like."""
    if bool(wanted) == no_caps:
        raise click.UsageError("name one cap or more, or --none")
    _say(owner.ask("PUT", at("keys", key, "caps"), {"caps": wanted}), as_json=as_json)


@keys.command("raise")
@click.argument("key")
@click.argument("wanted", type=CAP, nargs=-1, required=True)
@owner_options
def raise_(*, key: str, wanted: tuple[dict[str, Any], ...], owner: Owner, as_json: bool) -> None:
    """Set some caps of KEY (higher, lower or new), and leave its others as they are."""
    _say(owner.ask("PATCH", at("keys", key, "caps"), {"caps": wanted}), as_json=as_json)


@keys.command("stop")
@click.argument("key")
@owner_options
def stop(*, key: str, owner: Owner, as_json: bool) -> None:
    """Kill switch: refuse whatever KEY asks and cut what it has under way, until it is lifted."""
    _say(owner.ask("POST", at("keys", key, "stop")), as_json=as_json)


@keys.command("lift")
@click.argument("key")
@owner_options
def lift(*, key: str, owner: Owner, as_json: bool) -> None:
    """Let a stopped KEY go on."""
    _say(owner.ask("POST", at("keys", key, "lift")), as_json=as_json)


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(said)
    else:
        click.echo(f"key {said['id']}{' (stopped)' if said['stopped'] else ''}: {caps(said['caps'])}")


@keys.command("revoke")
@click.argument("key")
@owner_options
def revoke(*, key: str, owner: Owner, as_json: bool) -> None:
    """Refuse KEY (its public id) and the keys of its runs from now on, for good."""
    said = owner.ask("POST", at("keys", key, "revoke"))
    if as_json:
        say_json(said)
    else:
        click.echo(f"key {said['id']} is revoked")


@keys.command("hash")
def hash_() -> None:
    """Read a key from standard input and print the sha256 that tollhouse.yaml takes."""
    text = sys.stdin.readline().strip()
    if len(text) not in _KEY_CHARS:
        raise click.ClickException(
            f"a key has {_KEY_CHARS.start} to {_KEY_CHARS.stop - 1} characters, this has {len(text)}: too weak to take"
        )
    click.echo(hashlib.sha256(text.encode()).hexdigest())
