"""Habits that look harmless once and ruin a tree a thousand times: each is refused, or listed with its reason."""

import ast

from tests.tree.source import PACKAGES, functions, python_files, tree, words

# Where an error of any type must be caught, because whoever stands below may be anyone's code.
BROAD_EXCEPT = {
    "gateway/housekeeping.py": "a turn that breaks must not end the turns after it: holds would never expire",
    "gateway/pipeline.py": "one call's fault must not become another's; each stage settles though others fail",
}
# Where a dependency is optional and this file alone knows it.
FUNCTION_IMPORTS: dict[str, str] = {}
# Where a double stands for something that no real thing can show.
MOCKS: dict[str, str] = {}
FORBIDDEN = {"manager", "handler", "helper", "util", "processor", "service", "data", "info", "common", "core"}
FORBIDDEN |= {f"{word}s" for word in FORBIDDEN}


def _broad(expression: ast.expr | None) -> bool:
    """Tell whether an ``except`` clause takes everything."""
    if isinstance(expression, ast.Tuple):
        return any(_broad(element) for element in expression.elts)
    return expression is None or (isinstance(expression, ast.Name) and expression.id in {"Exception", "BaseException"})


def _swallows(node: ast.AST) -> bool:
    """Tell whether a node catches everything; undoing something and raising again is no catch."""
    if isinstance(node, ast.ExceptHandler):
        last = node.body[-1]
        return _broad(node.type) and not (isinstance(last, ast.Raise) and last.exc is None)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        return called == "suppress" and any(_broad(argument) for argument in node.args)
    return False


def _imports_mock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return any(name.startswith("unittest.mock") for name in names) or node.module == "mock"
    return isinstance(node, ast.Import) and any(
        alias.name.startswith(("unittest.mock", "mock")) for alias in node.names
    )


def test_everything_is_caught_only_where_the_design_says_so() -> None:
    found = {
        f"{name}:{getattr(node, 'lineno', 0)}"
        for name in python_files(*PACKAGES)
        if name not in BROAD_EXCEPT
        for node in ast.walk(tree(name))
        if _swallows(node)
    }
    assert not found


def test_a_function_imports_nothing() -> None:
    found = {
        f"{name}:{node.lineno}"
        for name in python_files()
        if name not in FUNCTION_IMPORTS
        for function in functions(name)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not found


def test_modules_and_classes_have_names_that_say_something() -> None:
    modules = {name for name in python_files() if words(name.removesuffix(".py")) & FORBIDDEN}
    classes = {
        f"{name}:{node.lineno} {node.name}"
        for name in python_files()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ClassDef) and words(node.name) & FORBIDDEN
    }
    assert not modules | classes


def test_nothing_is_mocked() -> None:
    found = {
        f"{name}:{getattr(node, 'lineno', 0)}"
        for name in python_files()
        if name not in MOCKS
        for node in ast.walk(tree(name))
        if _imports_mock(node)
    }
    assert not found


def test_every_listed_exception_is_still_needed_once_its_file_exists() -> None:
    present = set(python_files())
    needed = {name for name in python_files() if any(map(_swallows, ast.walk(tree(name))))}
    assert {name for name in BROAD_EXCEPT if name in present} <= needed
    assert FUNCTION_IMPORTS.keys() <= present
    assert MOCKS.keys() <= present
