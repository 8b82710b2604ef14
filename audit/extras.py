"""Parts of ours that need a library which most installations go without: loaded when they are asked for, by name."""

import importlib
from typing import Any

from .errors import BookError

_EXTRAS = {"bucket": "s3", "parquet": "parquet"}
"""Module of this package: the extra that brings what it needs."""


def extra(module: str) -> Any:
    """Return the module; raise BookError that says what to install if its library is not here."""
    try:
        return importlib.import_module(f".{module}", __package__)
    except ModuleNotFoundError as error:
        needed = _EXTRAS[module]
        raise BookError(f"{error.name} is not installed: pip install 'tollhouse[{needed}]'") from error
