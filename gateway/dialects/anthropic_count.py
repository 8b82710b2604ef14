"""Anthropic's token counting (`/v1/messages/count_tokens`): a Messages request without an output; it is free."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from limits.prices import Usage

from ..call import Request
from ..errors import Ending
from . import anthropic_request
from .anthropic_messages import AnthropicMessages
from .errors import anthropic_error
from .plain import PlainDialect, PlainReader
from .seam import Fresh
from .strict import encode


class AnthropicCount(PlainDialect):
    """The dialect; stateless. What is counted is what would be sent: the guards see it first."""

    name = "anthropic_count"

    def __init__(self, messages: AnthropicMessages) -> None:
        self._messages = messages

    def headers(self, sent: Mapping[str, str], betas: Sequence[str]) -> list[tuple[str, str]]:
        """Return the headers of a message."""
        return self._messages.headers(sent, betas)

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        request = anthropic_request.parse(tree, limited=False)
        return structs.replace(request, output_limit=0, thinking_budget=0, strict_format=True, free=True)

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as an upstream gets it."""
        return request.with_members({"model": model})

    def reader(self, request: Request, fresh: Fresh | None = None) -> PlainReader:  # noqa: ARG002
        """Return a reader for one reply."""
        return PlainReader(_counted)

    def error(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as Anthropic's error body."""
        return encode(anthropic_error(ending, call_id))


def _counted(tree: Any) -> Usage:
    if type(tree["input_tokens"]) is not int:
        raise TypeError("input_tokens")
    return Usage(0, 0)
