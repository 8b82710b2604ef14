"""Object lock, against a real S3 server of the open kind: what is anchored stays, whoever has the credentials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from audit.bucket import BucketAnchor
from audit.errors import BookDamaged, BookError
from audit.note import Signer
from audit.reader import Reader
from audit.verify import verify_book
from tests.audit.test_anchor import write
from tests.servers.live import S3

SIGNER = Signer("example.com/log", b"s" * 32)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with S3() as server:
        yield server.url


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client("s3", endpoint_url=endpoint)
    yield client
    client.close()


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name[:60].replace("_", "-").strip("-")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def anchor(bucket: str, endpoint: str, prefix: str = "/log") -> BucketAnchor:
    return BucketAnchor(f"s3://{bucket}{prefix}", "example.com/log", [SIGNER.verifier], endpoint=endpoint)


def test_each_new_checkpoint_is_one_locked_object_and_vouches(
    bucket: str, endpoint: str, s3: Any, tmp_path: Path
) -> None:
    path = tmp_path / "book.sqlite"
    there = anchor(bucket, endpoint)
    for _ in range(3):
        write(path, 5)
        with Reader.open(path) as reader:
            assert there.add(reader) is not None
            assert there.add(reader) is None
    again = anchor(bucket, endpoint)
    assert [each.size for each in again.checkpoints()] == [5, 10, 15]
    assert again.last() == there.last() == again.checkpoints()[-1]
    assert verify_book(path, [SIGNER.verifier], anchors=again.checkpoints()).ok
    (first, *_) = s3.list_object_versions(Bucket=bucket)["Versions"]
    with pytest.raises(ClientError, match=r"AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=first["Key"], VersionId=first["VersionId"])
    assert s3.head_object(Bucket=bucket, Key=first["Key"])["ObjectLockMode"] == "COMPLIANCE"


def test_a_delete_marker_hides_nothing_from_us(bucket: str, endpoint: str, s3: Any, tmp_path: Path) -> None:
    write(tmp_path / "book.sqlite", 5)
    with Reader.open(tmp_path / "book.sqlite") as reader:
        anchor(bucket, endpoint, "").add(reader)
    for each in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        s3.delete_object(Bucket=bucket, Key=each["Key"])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    last = anchor(bucket, endpoint, "").last()
    assert last is not None
    assert last.size == 5


def test_a_rewritten_book_is_found_against_the_bucket(bucket: str, endpoint: str, tmp_path: Path) -> None:
    write(tmp_path / "book.sqlite", 5)
    with Reader.open(tmp_path / "book.sqlite") as reader:
        anchor(bucket, endpoint).add(reader)
    write(tmp_path / "other.sqlite", 3)
    with (
        Reader.open(tmp_path / "other.sqlite") as reader,
        pytest.raises(BookDamaged, match=r"does not extend what s3://.*/log anchors"),
    ):
        anchor(bucket, endpoint).add(reader)


def test_an_empty_bucket_has_no_checkpoint(bucket: str, endpoint: str) -> None:
    assert anchor(bucket, endpoint).last() is None
    assert anchor(bucket, endpoint).checkpoints() == []


def test_more_objects_than_a_page_are_all_read(bucket: str, endpoint: str, tmp_path: Path) -> None:
    there = anchor(bucket, endpoint)
    for _ in range(4):
        write(tmp_path / "book.sqlite", 2)
        with Reader.open(tmp_path / "book.sqlite") as reader:
            there.add(reader)
    assert len(list(there._versions(page=2))) == 4
    assert [each.size for each in anchor(bucket, endpoint).checkpoints()] == [2, 4, 6, 8]


def test_a_bucket_without_object_lock_or_none_at_all_is_refused(endpoint: str, s3: Any) -> None:
    s3.create_bucket(Bucket="unlocked")
    with pytest.raises(BookError, match=r"s3://unlocked/log: .*[Oo]bject [Ll]ock"):
        anchor("unlocked", endpoint).last()
    with pytest.raises(BookError, match=r"s3://absent/log: .*NoSuchBucket"):
        anchor("absent", endpoint).notes()
