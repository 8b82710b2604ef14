"""Operations of OpenAPI documents: one schema, references written out, nothing fetched."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.tools.openapi import OpenapiUnreadable, read_operation

ITEM = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/shops/{shop}/items": {
            "parameters": [{"name": "shop", "in": "path", "schema": {"type": "string"}}],
            "post": {
                "operationId": "order",
                "summary": "Orders an item",
                "parameters": [{"$ref": "#/components/parameters/dry"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}},
            },
        }
    },
    "components": {
        "schemas": {"Item": ITEM},
        "parameters": {"dry": {"name": "dry", "in": "query", "schema": {"type": "boolean"}}},
    },
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "api.yaml"
    path.write_text(yaml.safe_dump({**DOCUMENT, **changes}))
    return path


def test_an_operation_is_one_schema_and_says_where_each_argument_goes(tmp_path: Path) -> None:
    operation = read_operation(written(tmp_path), "order")
    assert (operation.method, operation.path) == ("POST", "/shops/{shop}/items")
    assert operation.description == "Orders an item"
    assert operation.places == {"shop": "path", "dry": "query"}
    assert operation.parameters["properties"].keys() == {"shop", "dry", "count"}
    assert operation.parameters["required"] == ["shop", "count"]
    assert "$ref" not in str(operation.parameters)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "https://elsewhere.example/item.json"}, "leads out of the document"),
        ({"$ref": "#/components/schemas/Gone"}, "leads nowhere"),
        ({"$ref": "#/components/schemas/Self"}, "refer to themselves"),
        ({"type": "array"}, "only a JSON object"),
        ({"type": "object", "properties": {"shop": {}}}, "an argument and a member"),
    ],
)
def test_what_cannot_be_one_schema_is_refused(tmp_path: Path, schema: dict[str, Any], why: str) -> None:
    components = {**DOCUMENT["components"], "schemas": {"Item": schema, "Self": {"$ref": "#/components/schemas/Self"}}}
    with pytest.raises(OpenapiUnreadable, match=why):
        read_operation(written(tmp_path, components=components), "order")


def test_what_is_no_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OpenapiUnreadable, match="cannot be read"):
        read_operation(tmp_path / "none.yaml", "order")
    with pytest.raises(OpenapiUnreadable, match="no OpenAPI 3"):
        read_operation(written(tmp_path, openapi="2.0"), "order")
    with pytest.raises(OpenapiUnreadable, match="no operation"):
        read_operation(written(tmp_path), "other")
    shared = {"/x": {"get": {"operationId": "order", "parameters": [{"name": "c", "in": "cookie"}]}}}
    with pytest.raises(OpenapiUnreadable, match="not supported"):
        read_operation(written(tmp_path, paths=shared), "order")
