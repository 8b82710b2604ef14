"""What the commands' tests share: a folder to run commands in, in this process, and an owner that serves beside."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from starlette.types import ASGIApp

from gateway.admin import serve_local
from gateway.admin.app import build
from gateway.cli import main
from gateway.server import running
from tests.gateway.operator import Operator, opened, write_config


class Commands:
    """Runs `tollhouse …` against a configuration."""

    def __init__(self, folder: Path) -> None:
        self.path = write_config(folder)
        self.environ: dict[str, str] = {}

    def run(self, *arguments: str, code: int = 0, text: str | None = None) -> Result:
        """Run a command, expecting its exit code."""
        result = CliRunner().invoke(
            main, [*arguments, "--config", str(self.path)], env=self.environ, input=text, prog_name="tollhouse"
        )
        assert result.exit_code == code, result.output
        return result

    def bare(self, *arguments: str, code: int = 0, text: str | None = None) -> Result:
        """Run a command without naming a configuration."""
        result = CliRunner().invoke(main, arguments, env=self.environ, input=text, prog_name="tollhouse")
        assert result.exit_code == code, result.output
        return result


@contextlib.contextmanager
def served(path: Path, instead: ASGIApp | None = None) -> Iterator[tuple[Operator, str]]:
    """Own the folder in another thread and serve its admin application (or another) on the socket and on a port."""
    started = threading.Event()
    kept: dict[str, Any] = {}

    async def serve() -> None:
        with opened(path) as operator:
            app, leave = instead or build(operator.parts()), asyncio.Event()
            async with serve_local(app, operator.house.config.admin_socket), running(app) as there:
                kept.update(operator=operator, url=there.url, loop=asyncio.get_running_loop(), leave=leave)
                started.set()
                await leave.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield kept["operator"], kept["url"]
    finally:
        kept["loop"].call_soon_threadsafe(kept["leave"].set)
        thread.join(10)
