"""The operator's one file, `tollhouse.yaml`, as a frozen typed tree. Start at `load`; `Config` is the tree."""

from .load import ConfigError, load, parse
from .tree import Config, warnings
from .values import Secret

__all__ = ["Config", "ConfigError", "Secret", "load", "parse", "warnings"]
