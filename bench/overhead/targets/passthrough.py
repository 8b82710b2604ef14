"""FastAPI + httpx as one would first write it: parse, pass on, pass back. It guards nothing and books nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.overhead.targets.target import Launch


class Passthrough:
    """One uvicorn process with uvloop and httptools; see passthrough_app."""

    name = "FastAPI + httpx"

    def missing(self) -> str | None:
        """Nothing: both are dependencies of Tollhouse."""
        return None

    @contextmanager
    def prepared(self, folder: Path, port: int, upstream_port: int) -> Iterator[Launch]:
        """Tell uvicorn where the upstream is; no file is needed."""
        del folder
        command = [sys.executable, "-m", "uvicorn", "bench.overhead.targets.passthrough_app:app", "--port", str(port)]
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        env = {"BENCH_UPSTREAM": f"http://127.0.0.1:{upstream_port}"}
        yield Launch(command + options, ready="/livez", env=env)
