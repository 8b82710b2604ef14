"""The guards as `make wheel` compiles them: the same code, so the same tests, over what the compiler made of it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[3]
BUILD_S_MAX = 900
TESTS_S_MAX = 600


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like the tree's top, whose packages are those of the wheel."""
    folder = tmp_path_factory.mktemp("compiled")
    command = ["make", "--no-print-directory", "wheel", f"WHEELS={folder}/wheels", f"SOURCES={folder}/sources"]
    subprocess.run(command, cwd=MAIN, check=True, timeout=BUILD_S_MAX)
    (wheel,) = (folder / "wheels").glob("*.whl")
    top = folder / "top"
    zipfile.ZipFile(wheel).extractall(top)
    for name in ("tests", "bench", "pyproject.toml"):
        (top / name).symlink_to(MAIN / name)
    return top


def of(compiled: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=compiled,
        env={**environment, "PYTHONPATH": str(compiled)},
        check=False,
        capture_output=True,
        text=True,
        timeout=TESTS_S_MAX,
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return done.stdout


def test_compiled_guards_pass_the_tests_of_the_guards(compiled: Path) -> None:
    where = of(compiled, "-c", "from gateway.guards import detect; print(detect.__file__)")
    assert where.strip().endswith(".so")
    told = of(
        compiled,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={compiled}"),
        *("tests/gateway/guards", "--ignore=tests/gateway/guards/test_compiled.py"),
    )
    assert " passed" in told
