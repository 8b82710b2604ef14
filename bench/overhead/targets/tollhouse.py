"""Tollhouse as it is served, with everything on: one process, embedded ledger and book, default guards."""

import hashlib
import sys
from pathlib import Path

import yaml

from bench.overhead.targets.target import Launch
from bench.overhead.workloads import MODELS

# For this benchmark's own gateway on loopback only; it lives as long as the run.
_KEY = "sk-th-bench00000000-" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


class Tollhouse:
    """``python -m gateway serve`` in a fresh folder: budgets, PII there and back, durable book, metrics."""

    name = "Tollhouse, everything on"

    def missing(self) -> str | None:
        """Nothing: it is here."""
        return None

    def prepare(self, folder: Path, port: int, upstream_port: int) -> Launch:
        """Write a tollhouse.yaml with one upstream, the benchmark's models, and one tenant with one key and a cap."""
        price = {"input_usd_per_million": "0.15", "output_usd_per_million": "0.60"}
        tree = {
            "listen": {"port": port},
            "folder": str(folder / "data"),
            "upstreams": [
                {
                    "name": "provider",
                    "kind": "openai_compatible",
                    "base_url": f"http://127.0.0.1:{upstream_port}/v1",
                    "private_addresses": True,
                }
            ],
            "models": [
                {"name": model, "targets": [{"upstream": "provider", "model": model}], "price": dict(price)}
                for model in MODELS
            ],
            "tenants": [
                {
                    "name": "bench",
                    "caps": [{"usd": "1000000", "per": "day"}],
                    "keys": [{"name": "bench", "sha256": hashlib.sha256(_KEY.encode()).hexdigest()}],
                }
            ],
        }
        path = folder / "tollhouse.yaml"
        path.write_text(yaml.safe_dump(tree, sort_keys=False))
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(path)]
        return Launch(command, ready="/readyz", key=_KEY, masks="both")
