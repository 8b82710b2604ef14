"""Read `tollhouse.yaml` into a Config, or say in one sentence a line what is wrong and where."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .tree import Config, complaints
from .values import Reading

FILE_BYTES_MAX = 4 << 20
DEPTH_MAX = 32


_BOOL = "tag:yaml.org,2002:bool"


class ConfigError(Exception):
    """The configuration cannot be used; `complaints` holds one sentence for each place."""

    def __init__(self, path: Path | str, complaints: list[str]) -> None:
        super().__init__(f"{path}:\n" + "\n".join(f"  {line}" for line in complaints))
        self.path = path
        self.complaints = complaints


class _Loader(yaml.SafeLoader):
    """YAML without the surprises: no repeated member, no aliases, bounded depth; `off` and `no` are words."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nodes_deep = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not understood")
        self._nodes_deep += 1
        if self._nodes_deep > DEPTH_MAX:
            raise yaml.MarkedYAMLError(problem=f"deeper than {DEPTH_MAX} levels")
        node = super().compose_node(parent, index)
        self._nodes_deep -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        names = [self.construct_object(name, deep=True) for name, _ in node.value]
        for at, name in enumerate(names):
            if not isinstance(name, str):
                raise yaml.MarkedYAMLError(problem=f"{name!r} is not a name", problem_mark=node.value[at][0].start_mark)
            if name in names[:at]:
                raise yaml.MarkedYAMLError(
                    problem=f"{name!r} is there twice", problem_mark=node.value[at][0].start_mark
                )
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile("true|false"), ["t", "f"])


def load(path: Path | str, *, environ: Mapping[str, str] | None = None, secrets: bool = True) -> Config:
    """Read the file at `path`. Raises ConfigError.

    Relative paths in the file start at its folder. With `secrets=False` a secret is read when it is revealed, not
    now: for commands that need few of them.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        text = raw.decode()
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError(path, ["is not UTF-8 text"]) from None
    if len(raw) > FILE_BYTES_MAX:
        raise ConfigError(path, [f"is longer than {FILE_BYTES_MAX} bytes"])
    reading = Reading(path.absolute().parent, dict(os.environ if environ is None else environ), secrets)
    return parse(text, reading, name=path)


def parse(text: str, reading: Reading, *, name: Path | str = "the configuration") -> Config:
    """Turn YAML text into a Config. Raises ConfigError; `name` is what it calls the text."""
    try:
        # The loader is SafeLoader made stricter: it builds nothing but plain values.
        tree = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise ConfigError(name, [_yaml_sentence(error)]) from None
    if not isinstance(tree, dict | None):
        raise ConfigError(name, ["must be a mapping of settings"])
    try:
        config = Config.model_validate(tree or {}, context=reading)
    except ValidationError as error:
        raise ConfigError(name, [_sentence(detail) for detail in error.errors()]) from None
    if wrong := complaints(config):
        raise ConfigError(name, wrong)
    return config


def _yaml_sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else str(error.problem)
    return "is not YAML"


def _sentence(detail: ErrorDetails) -> str:
    place = ""
    for part in detail["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    if detail["type"] == "extra_forbidden":
        return f"{place}: there is no such setting"
    if detail["type"] == "missing":
        return f"{place}: is missing"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{place}: {message[:1].lower()}{message[1:]}" if detail["type"] != "value_error" else f"{place}: {message}"
