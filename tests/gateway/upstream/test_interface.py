import dataclasses

import pytest

from gateway.upstream.interface import Timeouts, UpstreamRequest


def test_nothing_is_unbounded_by_default() -> None:
    assert all(0 < getattr(Timeouts(), field.name) < 3_600 for field in dataclasses.fields(Timeouts))


def test_a_request_cannot_be_changed_after_its_intent_was_written() -> None:
    request = UpstreamRequest("POST", "http://a.example", [], b"{}")
    with pytest.raises(AttributeError, match="immutable"):
        request.body = b"other"  # type: ignore[misc]
