"""The tests mirror the source: who changes ``limits/money.py`` finds its tests at ``tests/limits/test_money.py``."""

import ast
from pathlib import PurePosixPath

from tests.tree.source import PACKAGES, ROOT, functions, python_files

# source file: why another test covers it. An entry whose test appears, or whose source is gone, must go too.
TESTED_ELSEWHERE: dict[str, str] = {}


def _says_nothing(node: ast.stmt) -> bool:
    """Tell whether a statement is a docstring or ``...``: what the body of a Protocol's method is made of."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _does_something(name: str) -> bool:
    """Tell whether a file has any code to test; declarations have none: dataclasses, protocols, exceptions, tables."""
    bodies = [function.body for function in functions(name)]
    return any(not all(map(_says_nothing, body)) for body in bodies)


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
