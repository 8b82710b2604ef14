"""How a command reaches the owner of a folder: over the network, over `admin.sock`, or by being the owner itself.

All three speak to the same admin application, so a change is checked and booked in the same way whoever makes it.
"""

import asyncio
import contextlib
import functools
import os
import urllib.parse
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import click
import httpx
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from limits.clock import Clock, SystemClock
from limits.seam import Ledger, LocalLedger

from .. import optional
from ..admin import Parts
from ..admin.app import build
from ..admin.local import LOCAL, short
from ..admin.shapes import ErrorShape
from ..breakers import Breakers
from ..charges import Charges
from ..config import Config, load
from ..config.values import Reading, Secret
from ..directory import Registry
from ..directory.stops import Stops
from ..errors import LedgerUnavailable
from ..house import House, open_house
from ..journal import Journal
from ..keeper import keeper_of
from ..restore import restore
from ..snapshot import replaying
from ..spending import Spending
from .options import config_option, json_option

_WAIT_S = 30.0
_ERRORS_FROM = 400


class Owner:
    """Whoever owns the folder that a command is about. Made from the shared options; one request a call."""

    def __init__(self, config_path: Path, url: str | None, admin_key: str) -> None:
        self._config_path = config_path
        self._url = url
        self._admin_key = admin_key

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """Send one request to the admin API and return its answer; a refusal ends the command with its sentence."""
        wanted = {name: value for name, value in query.items() if value is not None}
        try:
            answer = asyncio.run(self._ask(method, path, body, wanted))
        except httpx.TransportError as error:
            raise click.ClickException(f"the gateway does not answer: {error or type(error).__name__}") from error
        if answer.status_code >= _ERRORS_FROM:
            raise click.ClickException(_words(answer) or f"the gateway answered with status {answer.status_code}")
        try:
            said: dict[str, Any] = answer.json()
        except ValueError:
            raise click.ClickException("what answers there is no Tollhouse: its answer is not JSON") from None
        return said

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None, query: dict[str, Any]) -> httpx.Response:
        async with self._client() as client:
            return await client.request(method, path, json=body, params=query)

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        if self._url is not None:
            headers = {"authorization": f"Bearer {_secret(self._admin_key)}"}
            async with httpx.AsyncClient(base_url=self._url, headers=headers, timeout=_WAIT_S) as client:
                yield client
            return
        config = load(self._config_path, secrets=False)
        if config.folder.is_dir():
            with short(config.admin_socket) as name:
                async with _over(httpx.AsyncHTTPTransport(uds=name)) as client:
                    if await _answers(client):
                        yield client
                        return
        async with _owning(config) as app, _over(httpx.ASGITransport(app)) as client:
            yield client


def _over(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, base_url="http://tollhouse", timeout=_WAIT_S)


def _words(answer: httpx.Response) -> str | None:
    """Return the message of an error in OpenAI's form, if it is one."""
    try:
        return ErrorShape.model_validate_json(answer.content).error.message
    except ValidationError:
        return None


def at(*parts: str) -> str:
    """Return a path of the admin API; what a user gave stays one part of it."""
    return "/admin/" + "/".join(urllib.parse.quote(part, safe="") for part in parts)


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        await client.get("/livez")
    except httpx.ConnectError:
        return False
    return True


@contextlib.asynccontextmanager
async def _owning(config: Config) -> AsyncIterator[ASGIApp]:
    """Own the folder for one request; raises FolderLocked if somebody does and does not listen."""
    clock = SystemClock()
    with open_house(config, clock) as house:
        if house.admin_token is not None:
            click.echo(f"A first admin key was made; it is shown this once: {house.admin_token}", err=True)
        async with _ledger(house, clock) as ledger:
            registry = Registry(house.directory, house.book, clock, ledger)
            try:
                await registry.align()
            except LedgerUnavailable as away:
                raise click.ClickException(away.message) from away
            journal = Journal(house.book, ledger)
            parts = Parts(
                config,
                house.directory,
                registry,
                ledger,
                Charges(journal, ledger),
                Breakers(journal),
                Stops(house.directory, house.book, ledger),
                clock,
                CollectorRegistry(),
                keeper=keeper_of(config, house.book, clock),
                spending=Spending(config.folder, house.book, house.directory),
            )
            app = build(parts)

            async def named(scope: Scope, receive: Receive, send: Send) -> None:
                await app({**scope, LOCAL: f"local:{os.getuid()}"}, receive, send)

            yield named


@contextlib.asynccontextmanager
async def _ledger(house: House, clock: Clock) -> AsyncIterator[Ledger]:
    """Hold the ledger: the one that several processes share, or one replayed from the book."""
    settings = house.config.shared
    if settings is None:
        local = LocalLedger(clock)
        restore(local.books, house.book.records())
        yield local
        return
    replay = replaying(house.config.folder, house.master_key, clock)
    shared = optional.shared(settings.redis.reveal(), house.book, house.directory, clock, replay)
    await shared.ledger.start()
    try:
        yield shared.ledger
    finally:
        await shared.ledger.stop()


def _secret(source: str) -> str:
    try:
        return Secret(source, reading=Reading(Path.cwd())).reveal()
    except ValueError as error:
        raise click.UsageError(f"--admin-key: {error}") from None


def owner_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add what says which gateway is spoken to; the command gets it as `owner`, and `as_json`."""

    @functools.wraps(command)
    def with_owner(config_path: Path, url: str | None, admin_key: str, **rest: Any) -> None:
        command(owner=Owner(config_path, url, admin_key), **rest)

    wrapped = click.option(
        "--url", envvar="TOLLHOUSE_URL", help="Speak to the gateway at this address, instead of on this machine."
    )(with_owner)
    wrapped = click.option(
        "--admin-key",
        default="env/TOLLHOUSE_ADMIN_KEY",
        show_default=True,
        help="Where the admin key for --url is: env/NAME or file/PATH.",
    )(wrapped)
    return json_option(config_option(wrapped))
