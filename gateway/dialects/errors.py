"""An ending as an error body.

OpenAI:    {"error": {"message", "type", "param", "code"}}
Anthropic: {"type": "error", "error": {"type", "message"}, "request_id"}, with our code, param and figures beside
"""

from typing import Any

from ..errors import Ending


def openai_error(ending: Ending, call_id: str) -> dict[str, Any]:
    """Return the body; the call id is there for whoever asks about it."""
    error: dict[str, Any] = {
        "message": ending.message,
        "type": ending.kind,
        "param": ending.param,
        "code": ending.code,
        "call_id": call_id,
    }
    if ending.limit is not None:
        error["limit"] = ending.limit
    if ending.actual is not None:
        error["actual"] = ending.actual
    error |= ending.told
    return {"error": error}


_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def anthropic_error(ending: Ending, call_id: str) -> dict[str, Any]:
    """Return the body; its `type` is the vendor's own for the status."""
    error: dict[str, Any] = {
        "type": _ANTHROPIC_KINDS.get(ending.status, "api_error"),
        "message": ending.message,
        "code": ending.code,
        "param": ending.param,
    }
    if ending.limit is not None:
        error["limit"] = ending.limit
    if ending.actual is not None:
        error["actual"] = ending.actual
    error |= ending.told
    return {"type": "error", "error": error, "request_id": call_id}
