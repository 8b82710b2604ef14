"""An anchor in an S3-compatible bucket with object lock: what is written there nobody can alter or delete for years.

Needs boto3 (`pip install 'tollhouse[s3]'`), which finds credentials as usual (environment, files, roles). Whoever stole
them can hide objects behind delete markers, but not remove their versions; so those are what is read. Keys count down
as the tree grows, so that the newest comes first in a listing.
"""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .anchor import Anchor
from .checkpoint import Checkpoint, open_checkpoint
from .errors import BookError
from .note import Verifier

_SIZE_MAX = 10**20 - 1  # what is below it by less than its ninth part has as many digits
RETAIN_DAYS = 3_650
WAIT_S_MAX = 10.0


class BucketAnchor(Anchor):
    """Objects below `s3://BUCKET/PREFIX`, each kept in COMPLIANCE mode for `retain_days`.

    `endpoint` is the address of a server other than Amazon's. Raises BookError where the bucket cannot be reached or
    has no object lock: without it an anchor promises nothing.
    """

    def __init__(
        self,
        address: str,
        origin: str,
        verifiers: Sequence[Verifier],
        *,
        endpoint: str | None = None,
        retain_days: int = RETAIN_DAYS,
        wait_s_max: float = WAIT_S_MAX,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(address)
        self.name = address
        self._bucket = parts.netloc
        self._prefix = f"{parts.path.strip('/')}/" if parts.path.strip("/") else ""
        self._origin = origin
        self._verifiers = verifiers
        self._retain = dt.timedelta(days=retain_days)
        self._now_s = now_s
        self._newest: Checkpoint | None = None
        retries = {"total_max_attempts": 2, "mode": "standard"}
        config = Config(connect_timeout=wait_s_max, read_timeout=wait_s_max, retries=retries)
        self._s3: Any = boto3.client("s3", endpoint_url=endpoint, config=config)
        self._locked = False

    def notes(self) -> list[bytes]:
        """Return all anchored notes, oldest first."""
        self._check_lock()
        return [self._note(key, version) for key, version in reversed(list(self._versions()))]

    def last(self) -> Checkpoint | None:
        """Return the newest anchored checkpoint."""
        if self._newest is None:
            self._check_lock()
            found = next(self._versions(page=1), None)
            if found is not None:
                self._newest = open_checkpoint(self._note(*found), self._origin, self._verifiers)
        return self._newest

    def keep(self, note: bytes) -> None:
        """Write a note as an object that is locked from its first moment."""
        self._check_lock()
        checkpoint = open_checkpoint(note, self._origin, self._verifiers)
        until = dt.datetime.fromtimestamp(self._now_s(), dt.UTC) + self._retain
        self._ask(
            "put_object",
            Key=f"{self._prefix}{_SIZE_MAX - checkpoint.size}-{hashlib.sha256(note).hexdigest()[:16]}",
            Body=note,
            ContentType="text/plain; charset=utf-8",
            ChecksumAlgorithm="SHA256",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
        )
        self._newest = checkpoint

    def _check_lock(self) -> None:
        if not self._locked:
            self._ask("get_object_lock_configuration")  # an error if it has none
            self._locked = True

    def _versions(self, *, page: int = 1_000) -> Iterator[tuple[str, str]]:
        """Yield (key, version) of every object version, the newest checkpoint's first."""
        asked: dict[str, Any] = {"Prefix": self._prefix, "MaxKeys": page}
        while True:
            answer = self._ask("list_object_versions", **asked)
            for each in answer.get("Versions", ()):
                yield each["Key"], each["VersionId"]
            if not answer.get("IsTruncated"):
                return
            asked["KeyMarker"] = answer["NextKeyMarker"]
            asked["VersionIdMarker"] = answer.get("NextVersionIdMarker", "")

    def _note(self, key: str, version: str) -> bytes:
        answer = self._ask("get_object", Key=key, VersionId=version)
        body: bytes = answer["Body"].read()
        return body

    def _ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._s3, action)(Bucket=self._bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise BookError(f"{self.name}: {error}") from error
        return answer
