"""A tool call as an HTTP request, and the tool's answer as a result.

Arguments named in the URL go there, percent-encoded as one segment; of GET and DELETE the others go into the query, of
all else into a JSON body, unless an OpenAPI document says where. The host is never made of an argument.
"""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..dialects.strict import encode
from ..errors import UpstreamRejected

_PARAMETER = re.compile(r"\{([A-Za-z0-9_.-]{1,64})\}")
_NO_BODY = frozenset({"GET", "DELETE"})
_SENT_ONLY_AS_TEXT = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Where a tool's calls go: `url` with `{name}` for arguments; `places` as in `tools.openapi`."""

    method: str
    url: str
    places: Mapping[str, str]

    def write(self, arguments: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return URL, extra headers and body; UpstreamRejected if the arguments cannot be written."""
        left = dict(arguments)

        def segment(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in left:
                raise UpstreamRejected(f"the tool's address needs the argument {name}")
            text = _text(name, left.pop(name))
            if text in {"", ".", ".."}:
                raise UpstreamRejected(f"the argument {name} would lead to another address")
            return urllib.parse.quote(text, safe="")

        url = _PARAMETER.sub(segment, self.url)
        query: list[tuple[str, str]] = []
        headers: list[tuple[str, str]] = []
        for name in list(left):
            place = self.places.get(name) or ("query" if self.method in _NO_BODY else "body")
            if place == "query":
                value = left.pop(name)
                query += [(name, _text(name, each)) for each in (value if isinstance(value, list) else [value])]
            elif place == "header":
                headers.append((name.lower(), _header(name, left.pop(name))))
        if query:
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode(query)
        if self.method in _NO_BODY and not left:
            return url, headers, b""
        return url, [*headers, ("content-type", "application/json")], encode(left)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, _SENT_ONLY_AS_TEXT):
        raise UpstreamRejected(f"the argument {name} is no single value, and the tool takes it in its address")
    return str(value)


def _header(name: str, value: Any) -> str:
    text = _text(name, value)
    if not text.isascii() or not text.isprintable():
        raise UpstreamRejected(f"the argument {name} cannot stand in a header")
    return text


def result_of(tool: str, body: bytes, content_type: str, *, failed: bool) -> bytes:
    """Return a tool's answer as the body that the client gets: JSON as JSON, all else as text."""
    result: Any
    if "json" in content_type:
        try:
            result = orjson.loads(body)
        except orjson.JSONDecodeError:
            result = body.decode("utf-8", "replace")
    else:
        result = body.decode("utf-8", "replace")
    return encode({"id": "", "object": "tool.result", "tool": tool, "is_error": failed, "result": result})
