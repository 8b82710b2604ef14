"""How long contents are kept beside the book. Its records are kept for ever."""

from typing import Annotated

from pydantic import Field

from .values import Settings

Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]


class RetentionSettings(Settings):
    """How long contents are kept beside the book; its records are never dropped."""

    payload_days: Days = Field(default=30, description="contents of calls, unless the tenant says otherwise")
