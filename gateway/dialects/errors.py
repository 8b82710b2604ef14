"""An ending as OpenAI's error body: `{"error": {"message", "type", "param", "code"}}`."""

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
    return {"error": error}
