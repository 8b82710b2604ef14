"""A whole gateway on loopback before a scripted provider, for tests: real sockets, a real folder, a real bill.

async with live(tmp_path) as gate:
    reply = await gate.http.post("/v1/chat/completions", json=chat("hello"))
    gate.upstream.bill, gate.records()
"""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai

from agents.scripted import Script, ScriptedServer
from gateway.app import Tollhouse, head_limits
from gateway.config import load
from gateway.house import open_house
from gateway.papers import Key
from gateway.server import running
from gateway.works import Works
from limits.accounts import Cap
from limits.clock import Clock, SystemClock
from limits.seam import LocalLedger

PRICE = {"input_usd_per_million": "1", "output_usd_per_million": "2"}


@dataclass(slots=True)
class Live:
    """A running gateway. `http` speaks with `token`, a key of tenant `acme`; prices are $1 and $2 a million tokens."""

    app: Tollhouse
    upstream: ScriptedServer
    url: str
    key: Key
    token: str
    http: httpx.AsyncClient

    @property
    def ledger(self) -> LocalLedger:
        """The gateway's ledger, which it shares with nobody."""
        return local(self.app)

    def records(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the book's durable records, of one kind if told."""
        found = [json.loads(body) for _, body in self.app.house.book.records()]
        return [record for record in found if kind in (None, record["kind"])]

    def client(self, token: str | None = None, **options: Any) -> openai.AsyncOpenAI:
        """Return the official client, pointed here; without retries unless told."""
        options = {"max_retries": 0, **options}
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key=token or self.token, **options)

    async def new_key(self, **options: Any) -> str:
        """Make one more key of `acme` and return its text."""
        _, token = await self.app.registry.create_key("test", "acme", name="more", **options)
        return token


def local(works: Works) -> LocalLedger:
    """Return the ledger of a gateway that shares it with nobody."""
    assert works.local is not None
    return works.local


def chat(text: str, **members: Any) -> dict[str, Any]:
    """Return a chat request's body for model `m`."""
    return {"model": "m", "messages": [{"role": "user", "content": text}], **members}


def settings(upstream_url: str, **parts: Any) -> dict[str, Any]:
    """Return a configuration: one upstream, one model `m`; `parts` replace or add parts, `model` and `up` theirs.

    `below` is the path at which the upstream is asked.
    """
    model = {"name": "m", "targets": [{"upstream": "up", "model": "gpt-4o-mini"}], "price": PRICE}
    model |= parts.pop("model", {})
    url = f"{upstream_url}{parts.pop('below', '/v1')}"
    upstream = {"name": "up", "kind": "openai_compatible", "base_url": url, "private_addresses": True}
    upstream |= parts.pop("up", {})
    return {"listen": {"port": 0}, "upstreams": [upstream], "models": [model], **parts}


@contextlib.asynccontextmanager
async def live(
    folder: Path,
    *,
    script: Script | None = None,
    clock: Clock | None = None,
    caps: tuple[Cap, ...] = (),
    profile: str = "default",
    again: bool = False,
    **parts: Any,
) -> AsyncIterator[Live]:
    """Run a gateway in `folder`: tenant `acme` with `caps`, one key of `profile`, a provider that plays `script`.

    `again` is a restart in the same folder: tenant and first key stand, `key` and `token` are one more.
    """
    async with ScriptedServer(script or Script(), port=0) as upstream:
        path = folder / "tollhouse.yaml"
        path.write_text(json.dumps(settings(upstream.url, **parts)))  # YAML too
        with open_house(load(path), clock or SystemClock()) as house:
            app = Tollhouse(house, clock or SystemClock())
            async with running(app, limits=head_limits(house.config.bounds)) as server:
                if not again:
                    await app.registry.create_tenant("test", "acme", caps=caps)
                key, token = await app.registry.create_key("test", "acme", name="key", profile=profile)
                headers = {"authorization": f"Bearer {token}"}
                async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as http:
                    yield Live(app, upstream, server.url, key, token, http)
