r"""Detectors of others (models, mostly), in a process of their own: with a deadline, killed when they pass it.

    gateway ──{"texts": […], "deadline_s": n}\n──> worker ──{"spans": [[[start, end, kind, rule], …], …]}\n──> gateway

A plug-in is named `package.module:factory`; `factory()` gives a callable `(text, deadline_s) -> spans` of character
offsets. The worker inherits no file and no environment but what it needs to start, so a plug-in sees no key of the
gateway. Whether a call passes without its word is the policy's to say: `detect` raises PluginFailed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .findings import Hit
from .policy import KINDS

_LINE_BYTES_MAX = 64 << 20
_KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")
_WORKER = Path(__file__).parents[1] / "detectors" / "worker.py"


class PluginFailed(Exception):
    """The plug-in did not answer in time, broke, or answered what is no answer."""


class Plugin:
    """One plug-in in one process, started at its first use and again after it failed. For one event loop."""

    def __init__(self, factory: str, *, deadline_s: float, python: str = sys.executable) -> None:
        """`python` is the interpreter of the environment that has the plug-in's packages."""
        self.factory = factory
        self.deadline_s = deadline_s
        self._python = python
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def detect(self, texts: Sequence[str]) -> list[list[Hit]]:
        """Return the hits in each text, ascending as the plug-in gave them; PluginFailed at the deadline at latest."""
        try:
            async with asyncio.timeout(self.deadline_s), self._turn:
                return await self._asked(texts)
        except TimeoutError:
            await self.close()
            raise PluginFailed(f"{self.factory} did not answer within {self.deadline_s:g} s") from None
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as broken:
            await self.close()
            # What broke may quote a text, so only its type is told.
            raise PluginFailed(f"{self.factory} broke ({type(broken).__name__})") from None

    async def _asked(self, texts: Sequence[str]) -> list[list[Hit]]:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._started()
        assert process.stdin is not None  # noqa: S101 - it was started with pipes
        assert process.stdout is not None  # noqa: S101 - as above
        process.stdin.write(json.dumps({"texts": list(texts), "deadline_s": self.deadline_s}).encode() + b"\n")
        await process.stdin.drain()
        answer = json.loads(await process.stdout.readuntil(b"\n"))
        spans = answer.get("spans") if type(answer) is dict else None
        if type(spans) is not list or len(spans) != len(texts):
            raise ValueError("no spans for every text")
        return [[_hit(span, len(text)) for span in its] for text, its in zip(texts, spans, strict=True)]

    async def _started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self._python,
            str(_WORKER),
            self.factory,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
            limit=_LINE_BYTES_MAX,
        )

    async def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _hit(span: object, size: int) -> Hit:
    if type(span) is not list or len(span) != len(Hit._fields):
        raise ValueError("a span is [start, end, kind, rule]")
    start, end, kind, rule = span
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= size or kind not in KINDS:
        raise ValueError("a span lies outside of its text, or is of no known kind")
    return Hit(start, end, kind, str(rule)[:64])
