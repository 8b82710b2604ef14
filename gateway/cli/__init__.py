"""The command `tollhouse`. One file a group of commands; `main` is the whole."""

from .main import main

__all__ = ["main"]
