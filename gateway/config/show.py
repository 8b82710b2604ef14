"""Show a configuration: resolved and masked for `tollhouse check`, and as the table in docs/settings.md."""

import types
import typing
from collections.abc import Iterator
from typing import Any

import yaml
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .tree import Config


def resolved(config: Config) -> str:
    """Return the whole tree as YAML, defaults filled in; a secret is shown as the place it comes from."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)


def settings() -> Iterator[tuple[str, str, str, str]]:
    """Yield (place, values, default, meaning) for every setting, in the order of the file."""
    yield from _settings(Config, "")


def settings_table() -> str:
    """Return the table of docs/settings.md."""
    rows = ["| setting | values | default | meaning |", "|---|---|---|---|"]
    rows.extend(f"| `{place}` | {values} | {default} | {meaning} |" for place, values, default, meaning in settings())
    return "\n".join(rows) + "\n"


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, part in model.model_fields.items():
        inner, many = _inner(part.annotation)
        place = f"{prefix}{name}" + ("[]" if inner and many else "")
        if inner is None:
            yield place, _values(part), _default(model, name, part), part.description or ""
            continue
        meaning = part.description or _first_line(inner)
        default = "**required**" if part.is_required() else "none" if part.default in (None, ()) else "as below"
        yield place, _list_of(part) if many else "mapping", default, meaning
        yield from _settings(inner, f"{place}.")


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").partition("\n")[0].rstrip(".")


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the Settings class inside an annotation, if any, and whether there is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    many = typing.get_origin(annotation) is tuple
    for argument in typing.get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            return argument, many
    return None, many


def _list_of(part: FieldInfo) -> str:
    most = [limit.max_length for limit in part.metadata if isinstance(limit, MaxLen)]
    return f"list, at most {most[0]:,}" if most else "list"


def _default(model: type[BaseModel], name: str, part: FieldInfo) -> str:
    if part.is_required():
        return "**required**"
    shown = model.model_construct(**{name: part.default}).model_dump(mode="json", include={name})[name]
    if isinstance(shown, dict):
        return "as told"
    if isinstance(shown, list):
        shown = ", ".join(shown)
    if isinstance(shown, bool):
        shown = str(shown).lower()
    return "none" if shown in (None, "") else f"`{shown}`"


def _values(part: FieldInfo) -> str:
    """Say in words what a setting may be: its kind and its bounds."""
    said = _said(part.annotation, part.metadata)
    return said.replace("|", "\\|")


def _said(annotation: Any, metadata: list[Any]) -> str:
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *more = typing.get_args(annotation)
        return _said(inner, [*_flat(more), *metadata])
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        most = [limit.max_length for limit in metadata if isinstance(limit, MaxLen)]
        return f"list of {_said(arguments[0], [])}" + (f", at most {most[0]:,}" if most else "")
    if origin is dict:
        return f"mapping of {_said(arguments[0], [])} to {_said(arguments[1], [])}"
    if origin in (typing.Union, types.UnionType):
        said = _said(next(a for a in arguments if a is not type(None)), metadata)
        return f"{said}, or `unlimited`" if _is_spelt(metadata) else said
    return " ".join(filter(None, (_kind(annotation, metadata), _bounds(metadata))))


def _flat(metadata: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in metadata:
        flat.extend(item.metadata if isinstance(item, FieldInfo) else [item])
    return flat


def _names(metadata: list[Any]) -> set[str]:
    return {getattr(getattr(item, "func", None), "__name__", "") for item in metadata}


def _is_spelt(metadata: list[Any]) -> bool:
    return "_spelt" in _names(metadata)


def _kind(annotation: Any, metadata: list[Any]) -> str:
    names = _names(metadata)
    for function, said in (
        ("_size", "bytes, such as `8 MiB`"),
        ("_zone", "time zone"),
        ("_instant", "date or instant"),
    ):
        if function in names:
            return said
    plain = {int: "whole number", float: "number", str: "text", bool: "`true`, `false`", Any: "anything"}
    return plain.get(annotation) or {
        "Decimal": "dollars",
        "Secret": "`env/NAME`, `file/PATH`, `command/PROGRAM`",
        "Path": "path",
    }.get(annotation.__name__, annotation.__name__)


def _bounds(metadata: list[Any]) -> str:
    low = high = ""
    for item in metadata:
        if isinstance(item, Ge):
            low = f"from {item.ge:,}"
        elif isinstance(item, Gt):
            low = f"above {item.gt:,}"
        elif isinstance(item, Le):
            high = f"to {item.le:,}"
        elif isinstance(item, Lt):
            high = f"below {item.lt:,}"
    return " ".join(filter(None, (low, high)))
