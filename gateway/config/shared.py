"""What several processes, on one machine or on many, share: both servers or neither."""

from pydantic import Field

from .values import Secret, Settings


class SharedSettings(Settings):
    """The servers that replace the folder's file and the process' memory; each address is a secret."""

    postgres: Secret = Field(description="postgresql:// address of book and state")
    redis: Secret = Field(description="redis:// address of ledger and rates")
