"""Vendors' clients, each in an environment of its own under ``.tools/clients``, made from its lock by hash.

A client that cannot be installed is an error: a test that is skipped has proven nothing.

python = environment("anthropic")       # tests/clients/anthropic/requirements.lock
told = await run("anthropic", "plain", "stream", env={...})     # runs tests/clients/anthropic/acts.py
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_TOOLS = Path(__file__).parents[2] / ".tools" / "clients"
_RUN_S_MAX = 60.0


def environment(client: str) -> Path:
    """Return the Python of a client's environment, making it first if its lock has changed."""
    lock = _HERE / client / "requirements.lock"
    tag = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = _TOOLS / f"{client}-{tag}"
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if done.exists():
        return python
    _TOOLS.mkdir(parents=True, exist_ok=True)
    with (_TOOLS / f"{client}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*install, "--require-hashes", "--requirement", str(lock)], check=True)
            done.touch()
    return python


async def run(client: str, *acts: str, env: Mapping[str, str]) -> dict[str, Any]:
    """Run acts of a client in its environment; return what each told. Only `env` and the path are set."""
    python = await asyncio.to_thread(environment, client)
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(_HERE / client / "acts.py"),
        *acts,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_RUN_S_MAX):
        out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{client}: {err.decode()}")
    told: dict[str, Any] = json.loads(out)
    return told
