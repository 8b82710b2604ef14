"""Settings of approvals: how long a question stands, and who is told of it."""

import urllib.parse
from typing import Annotated, Self

from pydantic import Field, model_validator

from .tools import Network
from .values import Secret, Settings


class WebhookSettings(Settings):
    """Where questions are told: ids and masked arguments, in JSON."""

    url: Annotated[str, Field(max_length=2_048)] = Field(description="gets a POST for each question and decision")
    secret: Secret | None = Field(
        default=None, description="signs each message in `webhook-signature` (Standard Webhooks; `whsec_…` or any text)"
    )
    attempts_max: Annotated[int, Field(strict=True, ge=1, le=10)] = Field(
        default=4, description="attempts for a message, with growing pauses"
    )
    queue_max: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        default=1_000, description="messages that wait; further ones are dropped and logged"
    )
    private_networks: tuple[Network, ...] = Field(
        default=(), max_length=64, description="private networks it may be reached in"
    )

    @model_validator(mode="after")
    def _address(self) -> Self:
        url = urllib.parse.urlsplit(self.url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.password:
            raise ValueError("url must start with http:// or https://, name a host and carry no user")
        if url.scheme == "http" and not self.private_networks:
            raise ValueError("url is plain http: use https, or name the private_networks that it is in")
        return self


class ApprovalSettings(Settings):
    """How long a question stands; no answer is a no."""

    expires_s: Annotated[int, Field(strict=True, ge=1, le=2_592_000)] = Field(
        default=3_600, description="until an unanswered question is denied, and a yes is void"
    )
    open_max: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        default=10_000, description="questions that are kept at one time; beyond, calls are refused"
    )
    webhook: WebhookSettings | None = Field(default=None, description="who is told")
