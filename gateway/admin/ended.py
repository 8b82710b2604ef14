"""An ending as an answer in OpenAI's form, without the framework: what stands before it must refuse too."""

from typing import Any

import orjson

from ..client import Send
from ..dialects.errors import openai_error
from ..errors import Ending

Headers = dict[str, str]


def written(ending: Ending) -> tuple[int, Headers, bytes]:
    """Return status, headers and body."""
    headers = {"content-type": "application/json"}
    if ending.retry_after_s is not None:
        headers["retry-after"] = str(round(ending.retry_after_s))
    if not ending.retry:
        headers["x-should-retry"] = "false"
    said: dict[str, Any] = openai_error(ending, "")
    del said["error"]["call_id"]
    return ending.status, headers, orjson.dumps(said)


async def reply(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole answer over ASGI."""
    told = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    told.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
