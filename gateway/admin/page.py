"""The API's page at `/docs`: plain HTML from openapi.json, without scripts and without anything from elsewhere."""

import html
import json
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f4f4f4;padding:.6rem;overflow:auto}"
    "h2{border-top:1px solid #ddd;padding-top:1rem}table{border-collapse:collapse}"
    "td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}.method{font-weight:bold}"
)
CONTENT_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(openapi: dict[str, Any]) -> str:
    """Return the page of an OpenAPI description."""
    said = openapi["info"]
    title = _text(said["title"])
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>",
        f"<h1>{title} {_text(said['version'])}</h1><p>{_text(said.get('description', ''))}</p>",
        "<p>For machines: <a href=openapi.json>openapi.json</a></p>",
    ]
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(method, path, operation))
    parts.append("<h1>Shapes</h1>")
    parts.extend(_shape(name, schema) for name, schema in openapi.get("components", {}).get("schemas", {}).items())
    return "".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<h2><span class=method>{method.upper()}</span> <code>{_text(path)}</code></h2>"]
    parts.append(f"<p>{_text(operation.get('description') or operation.get('summary', ''))}</p>")
    rows = [
        (given["name"], given["in"], "required" if given.get("required") else "", _type(given.get("schema", {})))
        for given in operation.get("parameters", ())
    ]
    if body := operation.get("requestBody"):
        rows.append(("body", "JSON", "required", _content(body)))
    for status, answer in operation.get("responses", {}).items():
        rows.append((f"answer {status}", "", _text(answer.get("description", "")), _content(answer)))
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    parts.append("<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>")
    return "".join(parts)


def _shape(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = "".join(
        f"<tr><td><code>{_text(member)}</code></td><td>{_type(part)}</td>"
        f"<td>{'required' if member in required else ''}</td><td>{_text(part.get('description', ''))}</td></tr>"
        for member, part in schema.get("properties", {}).items()
    )
    title = f"<h2 id=shape-{_text(name)}>{_text(name)}</h2><p>{_text(schema.get('description', ''))}</p>"
    return f"{title}<table>{rows}</table>"


def _content(part: dict[str, Any]) -> str:
    schemas = [media.get("schema", {}) for media in part.get("content", {}).values()]
    return _type(schemas[0]) if schemas else ""


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = _text(schema["$ref"].rpartition("/")[2])
        return f"<a href=#shape-{name}>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(
            f"<code>{_text(json.dumps(each))}</code>" for each in schema.get("enum", [schema.get("const")])
        )
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return _text(schema.get("type", ""))


def _text(text: str) -> str:
    return html.escape(str(text))
