"""A provider that plays the article's model and the gateway before it, each its own process on loopback."""

import contextlib
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import yaml

from bench.overhead.processes import free_port

_KEY = "sk-th-bench00000000-" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
START_S_MAX = 20.0
PRICE = {"input_usd_per_million": "0.15", "output_usd_per_million": "0.60"}  # gpt-4o-mini
WIDE = {"tokens": "unlimited", "usd": "1000", "steps": "unlimited", "agents": "unlimited", "tool_calls": "unlimited"}


class Site(NamedTuple):
    """Where the gateway is, two of its keys (one with the default limits, one without), and where the provider is."""

    url: str
    default: str
    wide: str
    provider: str


@contextlib.contextmanager
def site(
    folder: Path, script: dict[str, Any], models: Sequence[str], *, kind: str = "openai_compatible"
) -> Iterator[Site]:
    """Serve until left; `kind` is the provider's."""
    provider_port, port = free_port(), free_port()
    (folder / "script.yaml").write_text(yaml.safe_dump(script))
    keys = [_KEY, _KEY[:-1] + "H"]
    profiles = ("default", "wide")
    tree = {
        "listen": {"port": port},
        "folder": str(folder / "data"),
        "upstreams": [
            {
                "name": "provider",
                "kind": kind,
                "base_url": f"http://127.0.0.1:{provider_port}/v1",
                "private_addresses": True,
            }
        ],
        "models": [
            {"name": name, "targets": [{"upstream": "provider", "model": name}], "price": dict(PRICE)}
            for name in models
        ],
        "profiles": [{"name": "wide", "run": WIDE, "call": {"usd": "unlimited"}}],
        "tenants": [
            {
                "name": "bench",
                "keys": [
                    {"name": profile, "profile": profile, "sha256": hashlib.sha256(key.encode()).hexdigest()}
                    for key, profile in zip(keys, profiles, strict=True)
                ],
            }
        ],
    }
    (folder / "tollhouse.yaml").write_text(yaml.safe_dump(tree))
    scripted = ["agents.scripted", "--port", str(provider_port), "--script", str(folder / "script.yaml")]
    gateway = ["gateway", "serve", "--config", str(folder / "tollhouse.yaml")]
    with _process(folder / "provider.log", scripted), _process(folder / "gateway.log", gateway) as served:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/readyz", served, folder / "gateway.log")
        yield Site(url, keys[0], keys[1], f"http://127.0.0.1:{provider_port}")


@contextlib.contextmanager
def _process(log: Path, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        popen = subprocess.Popen([sys.executable, "-m", *arguments], stdout=out, stderr=subprocess.STDOUT)
    try:
        yield popen
    finally:
        popen.terminate()
        popen.wait(30)


def _wait(url: str, popen: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S_MAX
    while time.monotonic() < until and popen.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the gateway did not start: {log.read_text()[-2_000:]}")
