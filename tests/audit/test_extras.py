"""A part whose library is not installed says what to install; others of ours are no extras."""

import sys

import pytest

from audit.errors import BookError
from audit.extras import extra


def test_an_extra_is_the_module_itself() -> None:
    assert extra("parquet").GROUP_ROWS > 0


def test_an_extra_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "audit.bucket", raising=False)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(BookError, match=r"boto3 is not installed: pip install 'tollhouse\[s3\]'"):
        extra("bucket")
