"""`tollhouse approvals`: questions of agents, answered by people with a key of role approver."""

import json
from collections.abc import Callable
from typing import Any

import click

from .asking import ask, speaking
from .options import json_option
from .words import instant, say_json, table


def approver_options(command: Callable[..., None]) -> Callable[..., Any]:
    """Add what says where the gateway is and whose key speaks."""
    command = click.option(
        "--url",
        envvar="TOLLHOUSE_URL",
        default="http://127.0.0.1:4000",
        show_default=True,
        help="The gateway's address.",
    )(command)
    command = click.option(
        "--key",
        default="env/TOLLHOUSE_APPROVER_KEY",
        show_default=True,
        help="Where the approver's key is: env/NAME or file/PATH.",
    )(command)
    return json_option(command)


@click.group()
def approvals() -> None:
    """Look at what agents wait for, and say yes or no."""


@approvals.command("list")
@click.option("--all", "decided_too", is_flag=True, help="Also what was decided.")
@approver_options
def list_(*, decided_too: bool, url: str, key: str, as_json: bool) -> None:
    """List open questions, latest first."""
    found = _ask("GET", url, key)["data"]
    shown = [each for each in found if decided_too or each["status"] == "pending"]
    if as_json:
        say_json(shown)
        return
    table(
        ("APPROVAL", "STATUS", "TENANT", "TOOL", "RULE", "EXPIRES", "ARGUMENTS"),
        (
            (
                each["id"],
                each["status"],
                each["tenant"],
                each["tool"],
                each["rule"],
                instant(each["expires_at"] * 1_000_000),
                each["arguments"][:60],
            )
            for each in shown
        ),
    )


@approvals.command("show")
@click.argument("approval")
@approver_options
def show(*, approval: str, url: str, key: str, as_json: bool) -> None:
    """Show one question, its arguments masked."""
    _say(_ask("GET", url, key, approval), as_json=as_json)


@approvals.command("approve")
@click.argument("approval")
@click.option("--edit", help="Arguments to change, as a JSON merge patch: '{\"amount\": 50}'; null takes one away.")
@approver_options
def approve(*, approval: str, edit: str | None, url: str, key: str, as_json: bool) -> None:
    """Say yes, once, to this call with these arguments, or with them edited."""
    body = None
    if edit is not None:
        try:
            body = {"edit": json.loads(edit)}
        except ValueError as error:
            raise click.UsageError(f"--edit is no JSON: {error}") from None
    _say(_ask("POST", url, key, approval, "approve", body=body), as_json=as_json)


@approvals.command("deny")
@click.argument("approval")
@approver_options
def deny(*, approval: str, url: str, key: str, as_json: bool) -> None:
    """Say no."""
    _say(_ask("POST", url, key, approval, "deny"), as_json=as_json)


def _ask(method: str, url: str, key: str, *path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    if any(not part.replace("_", "").isalnum() for part in path):
        raise click.UsageError("an approval's id has letters, digits and _ only")
    with speaking(url, key) as gateway:
        return ask(gateway, method, "/".join(("/v1/approvals", *path)), body)


def _say(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(said)
        return
    by = f" by {said['decided_by']}" if said["decided_by"] else ""
    click.echo(f"approval {said['id']}: {said['status']}{by}")
    if said["approvers"] > 1:
        click.echo(f"  {'agreed':<13} {len(said['approved_by'])} of {said['approvers']}")
    for name in ("tenant", "key", "run", "tool", "tool_call_id", "rule", "arguments"):
        click.echo(f"  {name:<13} {said[name] or '-'}")
    click.echo(f"  {'expires':<13} {instant(said['expires_at'] * 1_000_000)}")
