"""The tests mirror the source: who changes ``limits/money.py`` finds its tests at ``tests/limits/test_money.py``."""

import ast
from pathlib import PurePosixPath

from tests.tree.source import PACKAGES, ROOT, python_files, tree

# source file: why another test covers it. An entry whose test appears, or whose source is gone, must go too.
TESTED_ELSEWHERE: dict[str, str] = {}


def _does_something(name: str) -> bool:
    """Tell whether a file holds more than a docstring, imports and constants (an ``__init__`` that re-exports)."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If | ast.Expr)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in tree(name).body
    )


def _test_of(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    return PurePosixPath("tests") / path.with_name(f"test_{path.stem.strip('_')}.py")


def test_every_source_file_has_its_test_file() -> None:
    found = {
        name for name in python_files(*PACKAGES) if _does_something(name) and not (ROOT / _test_of(name)).is_file()
    }
    untested = sorted(f"{name} wants {_test_of(name)}" for name in found - TESTED_ELSEWHERE.keys())
    assert not untested, "\n".join(untested)
    stale = TESTED_ELSEWHERE.keys() - found
    assert not stale, f"these need no exception any more: {stale}"


def test_every_exception_from_the_mirror_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in TESTED_ELSEWHERE.values())
