"""Where the scene plays: a scripted provider and a gateway, each its own process, in a folder that is gone afterwards.

Both are started by their ordinary commands. Operators' requests go over the gateway's unix socket, clients' over HTTP.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import yaml

from ..admin.local import short
from .written import CONFIG, SCRIPT

START_S_MAX = 60.0
STOP_S_MAX = 30.0
_POLL_S = 0.02
_LOG_CHARS_MAX = 2_000
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


class SiteError(Exception):
    """A process did not do what it was started for; the sentence has the end of what it said."""


@dataclass(slots=True)
class Process:
    """A server in its own process; what it prints goes into `log`."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]
    url: str = ""

    @classmethod
    @contextlib.contextmanager
    def start(cls, name: str, folder: Path, arguments: Sequence[str]) -> Iterator["Process"]:
        """Run `python -m …` until left; it has printed its URL when this is entered. Raises SiteError."""
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(  # noqa: S603 - our own modules, with arguments of our own
                [sys.executable, "-m", *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
        process = cls(name, log, popen)
        try:
            process.url = process.wait_url()
            yield process
        finally:
            process.stop()

    def wait_url(self, start_s_max: float = START_S_MAX) -> str:
        """Return the URL it prints once it serves. Raises SiteError."""
        until = time.monotonic() + start_s_max
        while time.monotonic() < until:
            if found := _URL.search(self.log.read_text(errors="replace")):
                return found[0]
            if self.popen.poll() is not None:
                break
            time.sleep(_POLL_S)
        raise SiteError(f"the {self.name} did not start: {self.said()}")

    def said(self) -> str:
        """Return the end of what it printed."""
        return self.log.read_text(errors="replace")[-_LOG_CHARS_MAX:].strip()

    def stop(self) -> int:
        """Tell it to stop and wait until it has; return its exit status."""
        self.popen.terminate()
        try:
            return self.popen.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()


@dataclass(frozen=True, slots=True)
class Bill:
    """What the provider says it charged: requests, tokens in and out, nano-dollars."""

    requests: int
    tokens: int
    nano_dollars: int

    def since(self, before: "Bill") -> "Bill":
        """Return what was charged after `before`."""
        return Bill(
            self.requests - before.requests, self.tokens - before.tokens, self.nano_dollars - before.nano_dollars
        )


@dataclass(slots=True)
class Site:
    """The running scene: `gateway` serves clients, `provider` is what it asks."""

    folder: Path
    provider: Process
    gateway: Process
    http: httpx.Client
    admin: httpx.Client = field(repr=False)
    opened: contextlib.ExitStack = field(repr=False)

    @property
    def book(self) -> Path:
        """The book's file."""
        return self.folder / "tollhouse-data" / "book.sqlite"

    @property
    def public_key(self) -> Path:
        """The public half of the key that signs the book."""
        return self.folder / "tollhouse-data" / "signing.key.pub"

    def bill(self) -> Bill:
        """Ask the provider for its bill up to now."""
        total = self.http.get(f"{self.provider.url}/bill").json()["total"]
        return Bill(total["requests"], total["prompt_tokens"] + total["completion_tokens"], total["nano_dollars"])

    def seen(self) -> list[dict[str, Any]]:
        """Ask the provider for the requests it received, oldest first."""
        return [each["body"] for each in self.http.get(f"{self.provider.url}/seen").json()]

    def fail(self, times: int) -> None:
        """Have the provider answer its next requests with 503."""
        fault = {"kind": "status", "status": 503, "times": times}
        self.http.post(f"{self.provider.url}/control", json={"fault": fault}).raise_for_status()

    def tenant(self, name: str, cap_usd: str | None = None) -> str:
        """Make a tenant, with a cap on all it ever spends if told, and return a key of it."""
        caps = [] if cap_usd is None else [{"usd": cap_usd, "per": "total"}]
        self.admin.post("/admin/tenants", json={"id": name, "caps": caps}).raise_for_status()
        made = self.admin.post("/admin/keys", json={"tenant": name, "name": "demo"}).raise_for_status()
        return str(made.json()["secret"])

    def spent(self, tenant: str) -> int:
        """Return what the gateway's books say a tenant spent, in nano-dollars."""
        return int(self.admin.get(f"/admin/tenants/{tenant}").raise_for_status().json()["spent_nano_usd"])

    def open_run(self, key: str) -> dict[str, Any]:
        """Open a run as a client does; its own key is in it."""
        made = self.http.post(f"{self.gateway.url}/v1/runs", headers={"authorization": f"Bearer {key}"})
        return dict(made.raise_for_status().json())

    def client(self, key: str) -> openai.OpenAI:
        """Return the official client with its own retries, pointed at the gateway; it is closed with the site."""
        return self.opened.enter_context(openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=key))

    def async_client(self, key: str) -> openai.AsyncOpenAI:
        """Return the same for many calls at once; whoever asks for it closes it."""
        return openai.AsyncOpenAI(base_url=f"{self.gateway.url}/v1", api_key=key)


@contextlib.contextmanager
def open_site() -> Iterator[Site]:
    """Start both processes in a folder of their own, and stop and remove all of it. Raises SiteError."""
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tollhouse-demo-")))
        script, config = folder / "script.json", folder / "tollhouse.yaml"
        script.write_text(json.dumps(SCRIPT))
        arguments = ["agents.scripted", "--port", "0", "--script", str(script)]
        provider = opened.enter_context(Process.start("provider", folder, arguments))
        upstream = {**CONFIG["upstreams"][0], "base_url": f"{provider.url}/v1"}
        config.write_text(yaml.safe_dump({**CONFIG, "upstreams": [upstream]}))
        arguments = ["gateway", "serve", "--config", str(config)]
        gateway = opened.enter_context(Process.start("gateway", folder, arguments))
        socket = opened.enter_context(short(folder / "tollhouse-data" / "admin.sock"))
        http = opened.enter_context(httpx.Client(timeout=30))
        transport = httpx.HTTPTransport(uds=socket)
        admin = opened.enter_context(httpx.Client(transport=transport, base_url="http://tollhouse", timeout=30))
        yield Site(folder, provider, gateway, http, admin, opened)
