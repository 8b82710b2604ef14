"""Where checkpoints of the book are kept out of the gateway's reach, so that a rewritten history shows."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from audit.cosignature import CosignatureVerifier
from audit.errors import NoteRefused

from .values import Name, Reading, Settings


class AnchorSettings(Settings):
    """A file elsewhere, a bucket, or a witness: one of `file`, `bucket` and `witness`."""

    name: Name = Field(description="in metrics and logs")
    file: Path | None = Field(default=None, description="append-only; best on another machine's share")
    bucket: Annotated[str, Field(pattern=r"^s3://[^/?#]+(/[^?#]*)?$", max_length=1_024)] | None = Field(
        default=None, description="`s3://BUCKET/PREFIX` with object lock; credentials as the AWS tools find them"
    )
    endpoint: Annotated[str, Field(max_length=2_048)] | None = Field(
        default=None, description="address of an S3 server other than Amazon's"
    )
    retain_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] = Field(
        default=3_650, description="how long nobody can delete what is written to a bucket"
    )
    witness: Annotated[str, Field(max_length=2_048)] | None = Field(
        default=None, description="URL of a C2SP tlog-witness, without `/add-checkpoint`"
    )
    witness_key: Annotated[str, Field(max_length=1_024)] | None = Field(
        default=None, description="the witness's public key: `NAME+ID+BASE64`"
    )
    every_s: Annotated[float, Field(gt=0, le=60)] = Field(default=30, description="seconds between two anchorings")
    wait_s_max: Annotated[float, Field(gt=0, le=60)] = Field(
        default=10, description="for a witness or bucket to answer"
    )

    @field_validator("file")
    @classmethod
    def _beside_the_file(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        base = info.context.folder if isinstance(info.context, Reading) else Path.cwd()
        return None if file is None else Path(base, file).absolute()

    @field_validator("witness", "endpoint")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("write an address that begins with https:// or http://")
        return None if url is None else url.rstrip("/")

    @field_validator("witness_key")
    @classmethod
    def _key(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                CosignatureVerifier.from_vkey(text)
            except NoteRefused as error:
                raise ValueError(str(error)) from None
        return text

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        places = [place for place in (self.file, self.bucket, self.witness) if place is not None]
        if len(places) != 1 or (self.witness is None) != (self.witness_key is None):
            raise ValueError("an anchor has either `file`, or `bucket`, or `witness` and `witness_key`")
        if self.endpoint is not None and self.bucket is None:
            raise ValueError("`endpoint` goes with `bucket`")
        return self
