"""The tails of STYLE.md: a file or function that nobody wants to touch does not come into being."""

import ast

from tests.tree.source import Function, functions, lines, python_files

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 60


def _length(function: Function) -> int:
    """Lines from ``def`` to the end, without the docstring: a long explanation is not a long function."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and isinstance(first, ast.Expr):
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def test_no_file_is_longer_than_350_lines() -> None:
    too_long = {name: len(lines(name)) for name in python_files() if len(lines(name)) > FILE_LINES_MAX}
    assert not too_long


def test_no_function_is_longer_than_60_lines() -> None:
    too_long = {
        f"{name}:{function.lineno} {function.name}": _length(function)
        for name in python_files()
        for function in functions(name)
        if _length(function) > FUNCTION_LINES_MAX
    }
    assert not too_long
