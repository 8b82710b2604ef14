"""Portkey's open-source gateway on Node, from its own lock, with what a call must say of its upstream in headers.

Its lock holds an older server than the package asks for: with the current one every stream is answered with 500.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.overhead.targets.target import Launch
from tests.clients.environments import node, packages

_PLACE = Path(__file__).parents[1] / "peers" / "portkey"


class Portkey:
    """One process, no cache, no guardrails: what it has for masking is its hosted product's."""

    name = "Portkey"

    def missing(self) -> str | None:
        """Nothing: it is installed from the registry when it is first asked for."""
        return None

    @contextmanager
    def prepared(self, folder: Path, port: int, upstream_port: int) -> Iterator[Launch]:
        """Say where the upstream is; no file is needed."""
        program = packages("portkey", _PLACE) / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
        headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream_port}/v1"}
        env = {"NODE_ENV": "production"}
        yield Launch(
            [str(node()), str(program), f"--port={port}", "--headless"], cwd=folder, ready="/", env=env, headers=headers
        )
