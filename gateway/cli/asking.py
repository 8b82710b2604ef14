"""Asks the API that clients and approvers use, for commands that speak with such a key."""

from pathlib import Path
from typing import Any

import click
import httpx

from ..config.values import Reading, Secret

_WAIT_S = 30.0
_ERRORS_FROM = 400


def speaking(url: str, key: str) -> httpx.Client:
    """Return a client of the gateway at `url` with the key that lies at `key` (env/NAME, file/PATH); close it."""
    headers = {"authorization": f"Bearer {revealed(key)}"}
    return httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=_WAIT_S)


def revealed(source: str) -> str:
    """Return the key at a place; a wrong place is a wrong use of the command."""
    try:
        return Secret(source, reading=Reading(Path.cwd())).reveal()
    except ValueError as error:
        raise click.UsageError(f"--key: {error}") from None


def ask(gateway: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send one request and return its answer; a refusal ends the command with its sentence."""
    try:
        answer = gateway.request(method, path, json=body)
        said: dict[str, Any] = answer.json()
    except httpx.HTTPError as error:
        raise click.ClickException(f"the gateway does not answer: {error or type(error).__name__}") from error
    except ValueError:
        raise click.ClickException("what answers there is no Tollhouse: its answer is not JSON") from None
    if answer.status_code >= _ERRORS_FROM:
        raise click.ClickException(str(said.get("error", {}).get("message", f"status {answer.status_code}")))
    return said
