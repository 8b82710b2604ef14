"""Where records are pushed as they are written: SIEM, log store, another house."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from audit.record import KINDS

from .values import Name, Secret, Settings


class DeliverySettings(Settings):
    """One receiver of records, at least once each, in order."""

    name: Name = Field(description="its cursor's name, for ever; in metrics and logs")
    url: Annotated[str, Field(max_length=2_048)] = Field(description="where batches are POSTed")
    format: Literal["json", "otlp"] = Field(default="json", description="own JSON, or OTLP/HTTP logs as JSON")
    kinds: tuple[str, ...] = Field(default=(), max_length=32, description="only these kinds of records; none: all")
    token: Secret | None = Field(default=None, description="sent as `Authorization: Bearer …`")
    secret: Secret | None = Field(
        default=None, description="signs each batch in `webhook-signature` (Standard Webhooks; `whsec_…` or any text)"
    )
    attempts_max: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = Field(
        default=None, description="a batch that was refused so often is left out, and counted; none: never"
    )
    every_s: Annotated[float, Field(gt=0, le=3_600)] = Field(default=2, description="seconds between two looks")
    batch_max: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(default=500, description="records at once")
    wait_s_max: Annotated[float, Field(gt=0, le=300)] = Field(default=10, description="for the receiver to answer")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError("write an address that begins with https:// or http://")
        return url

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(kinds) - KINDS.keys()
        if unknown:
            raise ValueError(f"no records of kind {min(unknown)}; one of {', '.join(KINDS)}")
        return kinds
