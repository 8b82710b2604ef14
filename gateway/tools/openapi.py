"""One operation of an OpenAPI 3 document as a tool: its method, its path, where each argument goes, and one schema.

Arguments of path, query and header and the members of a JSON body share one object. References are followed within the
document only, and written out, so that what is compiled and shown refers to nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

Place = Literal["path", "query", "header", "body"]
DOCUMENT_BYTES_MAX = 8 << 20
_METHODS = ("get", "put", "post", "delete", "patch")
_DEPTH_MAX = 32
_NODES_MAX = 20_000


class OpenapiUnreadable(Exception):
    """The document is none, or has no such operation; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation takes. `places` says where an argument goes; what it does not name goes into the body."""

    method: str
    path: str
    description: str
    parameters: dict[str, Any]
    places: dict[str, Place]


def read_operation(document: Path, operation_id: str) -> Operation:
    """Return an operation by its id; OpenapiUnreadable."""
    try:
        with document.open("rb") as file:
            raw = file.read(DOCUMENT_BYTES_MAX + 1)
        if len(raw) > DOCUMENT_BYTES_MAX:
            raise OpenapiUnreadable(f"{document} has more than {DOCUMENT_BYTES_MAX} bytes")
        tree = yaml.safe_load(raw)
    except (OSError, yaml.YAMLError) as error:
        raise OpenapiUnreadable(f"{document} cannot be read: {type(error).__name__}") from None
    if not isinstance(tree, dict) or not str(tree.get("openapi", "")).startswith("3."):
        raise OpenapiUnreadable(f"{document} is no OpenAPI 3 document")
    for path, method, shared, operation in _operations(tree):
        if operation.get("operationId") == operation_id:
            return _read(_Document(tree), path, method, [*shared, *(operation.get("parameters") or ())], operation)
    raise OpenapiUnreadable(f"{document} has no operation {operation_id!r}")


def _operations(tree: dict[str, Any]) -> Iterator[tuple[str, str, list[Any], dict[str, Any]]]:
    for path, item in (tree.get("paths") or {}).items():
        for method in _METHODS:
            operation = item.get(method) if isinstance(item, dict) else None
            if isinstance(operation, dict):
                yield path, method.upper(), item.get("parameters") or [], operation


class _Document:
    """A document whose references are written out, bounded in depth and number."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self._nodes = 0

    def whole(self, node: Any, depth: int = 0) -> Any:
        self._nodes += 1
        if depth > _DEPTH_MAX or self._nodes > _NODES_MAX:
            raise OpenapiUnreadable("its schemas refer to themselves, or are too large to be written out")
        if isinstance(node, list):
            return [self.whole(each, depth + 1) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return self.whole(self._at(node["$ref"]), depth + 1)
        return {name: self.whole(value, depth + 1) for name, value in node.items()}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise OpenapiUnreadable(f"the reference {reference[:64]!r} leads out of the document")
        node: Any = self._tree
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or name not in node:
                raise OpenapiUnreadable(f"the reference {reference[:64]!r} leads nowhere")
            node = node[name]
        return node


def _read(document: _Document, path: str, method: str, given: list[Any], operation: dict[str, Any]) -> Operation:
    properties: dict[str, Any] = {}
    required: list[str] = []
    places: dict[str, Place] = {}
    for each in given:
        parameter = document.whole(each)
        name, place = parameter.get("name"), parameter.get("in")
        if place not in ("path", "query", "header") or not isinstance(name, str):
            raise OpenapiUnreadable(f"an argument in {place!r} is not supported")
        properties[name] = {"description": parameter.get("description", ""), **(parameter.get("schema") or {})}
        places[name] = place
        if parameter.get("required") or place == "path":
            required.append(name)
    content = (document.whole(operation.get("requestBody") or {})).get("content") or {}
    if content:
        body = (content.get("application/json") or {}).get("schema")
        if not isinstance(body, dict) or body.get("type", "object") != "object":
            raise OpenapiUnreadable("only a JSON object is supported as a body")
        clash = places.keys() & (body.get("properties") or {}).keys()
        if clash:
            raise OpenapiUnreadable(f"{min(clash)!r} is an argument and a member of the body")
        properties |= body.get("properties") or {}
        required += body.get("required") or ()
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(dict.fromkeys(required))
    words = operation.get("description") or operation.get("summary") or ""
    return Operation(method, path, str(words), schema, places)
