"""The machine a figure belongs to."""

import datetime as dt
import os
import platform
import re
import subprocess
import sysconfig
from pathlib import Path

_MAIN = Path(__file__).parents[2]


def describe(command: str) -> dict[str, str]:
    """Return what must stand beside a figure: machine, versions, commit, moment, and the command that made it."""
    processors = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", processors, flags=re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), flags=re.MULTILINE)
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}, built {_built()}",
        "commit": _commit(),
        "at": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "command": command,
    }


def _built() -> str:
    """Tell whether the interpreter was built with its own profile, which makes it faster."""
    asked = str(sysconfig.get_config_var("CONFIG_ARGS"))
    return "with --enable-optimizations" if "--enable-optimizations" in asked else "without --enable-optimizations"


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=_MAIN, capture_output=True, text=True, check=False
    )
    return described.stdout.strip() or "unknown"
