from datetime import UTC, datetime

import pytest

from gateway.upstream.failure import UpstreamFailure, failure_of, retry_after_s_of

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "cause", "retryable"),
    [
        (301, "redirect", False),
        (400, "status", False),
        (401, "status", False),
        (408, "status", True),
        (409, "status", True),
        (429, "rate_limited", True),
        (500, "status", True),
        (529, "status", True),
    ],
)
def test_a_status_is_judged_once_for_all_dialects(status: int, cause: str, retryable: bool) -> None:
    failure = failure_of(status)
    assert failure is not None
    assert (failure.cause, failure.retryable, failure.status) == (cause, retryable, status)
    assert (failure.source, failure.phase, failure.sent) == ("upstream", "first_byte", False)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_no_failure(status: int) -> None:
    assert failure_of(status) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("2", 2.0),
        (" 0.5 ", 0.5),
        ("-3", 0.0),
        ("1e99", 86_400.0),
        ("inf", 86_400.0),
        ("nan", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 99 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_bounded(value: str | None, seconds: float | None) -> None:
    assert retry_after_s_of(value, now=NOW) == seconds


def test_a_failure_carries_its_retry_after_and_says_nothing_of_what_was_sent() -> None:
    failure = failure_of(429, "7")
    assert failure is not None
    assert failure.retry_after_s == 7.0
    assert str(failure) == "upstream failed at first_byte: rate_limited (429)"
    plain = UpstreamFailure("reset", source="network", phase="body", sent=True, retryable=True)
    assert str(plain) == "network failed at body: reset"
