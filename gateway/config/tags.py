"""Settings of tags: what a call may say of itself, and what each user or feature may spend."""

from typing import Annotated

from pydantic import Field

from .tenants import CapSettings
from .values import Name, Settings

Caps = Annotated[tuple[CapSettings, ...], Field(max_length=8)]


class UserSettings(Settings):
    """Who uses it: `x-tollhouse-user`, else `safety_identifier`, `user` or `metadata.user_id`; kept as a pseudonym."""

    required: bool = Field(default=False, description="refuse calls that name no user")
    caps: Caps = Field(default=(), description="ceilings of each user of a tenant, under this profile")


class FeatureSettings(Settings):
    """What it is used for: `x-tollhouse-feature`, a plain name; it stands in the book as it is."""

    required: bool = Field(default=False, description="refuse calls that name no feature")
    names: tuple[Name, ...] = Field(default=(), max_length=256, description="the only ones there are; none: any")
    caps: Caps = Field(default=(), description="ceilings of each feature of a tenant, under this profile")


class TagSettings(Settings):
    """Which tags are read. One that is not named here is not looked at."""

    user: UserSettings | None = Field(default=None, description="who uses it")
    feature: FeatureSettings | None = Field(default=None, description="what it is used for")
    values_max: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] = Field(
        default=100_000, description="different users and features a tenant may name in a day"
    )
