"""What the tree's own tests look at: every tracked or new file, and Python files parsed once."""

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "limits", "audit", "agents")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def files() -> tuple[str, ...]:
    """Every file that git tracks or would track, relative to the root; without those just deleted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def python_files(*folders: str) -> list[str]:
    """Python files below these folders; all of them without an argument."""
    starts = tuple(f"{folder}/" for folder in folders) or ("",)
    return [name for name in files() if name.endswith(".py") and name.startswith(starts)]


@functools.cache
def lines(name: str) -> tuple[str, ...]:
    """Return a file's lines."""
    return tuple((ROOT / name).read_text().splitlines())


@functools.cache
def tree(name: str) -> ast.Module:
    """Return a Python file, parsed."""
    return ast.parse((ROOT / name).read_text(), filename=name)


def functions(name: str) -> Iterator[Function]:
    """Every function and method of a file, nested ones too."""
    return (node for node in ast.walk(tree(name)) if isinstance(node, Function))


def words(name: str) -> set[str]:
    """Split a snake_case or CamelCase name into lower-case words: ``HTTPHandler_x`` is http, handler, x."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", name)}
