"""What went wrong on the way to a provider, as data: where, who, may it have billed, does trying again make sense.

Raised by `Upstream.send` and while a reply is read; made from a reply's status by `failure_of`. The message names no
URL, header or body, so it may be logged and recorded as it stands.
"""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime
from typing import Literal

Source = Literal["upstream", "network", "us"]
Phase = Literal["connect", "send", "first_byte", "body"]
RETRY_AFTER_S_MAX = 86_400.0
RETRYABLE_STATUSES = frozenset({408, 409, 425, 429})
SERVER_ERROR = 500
CLIENT_ERROR = 400
REDIRECT = 300


class UpstreamFailure(Exception):
    """One failed attempt.

    `source`: upstream (it answered, wrongly), network (it could not be reached or fell silent), us (we would not or
    could not send). `phase`: how far it got. `sent`: the body may have reached the provider, so it may bill for it.
    `retryable`: the same request may succeed later or elsewhere. `cause`: one short fixed word for metrics and records.
    """

    def __init__(
        self,
        cause: str,
        *,
        source: Source,
        phase: Phase,
        sent: bool,
        retryable: bool,
        status: int | None = None,
        retry_after_s: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(f"{source} failed at {phase}: {cause}{f' ({detail})' if detail else ''}")
        self.cause = cause
        self.source = source
        self.phase = phase
        self.sent = sent
        self.retryable = retryable
        self.status = status
        self.retry_after_s = retry_after_s


def failure_of(status: int, retry_after: str | None = None, *, now: datetime | None = None) -> UpstreamFailure | None:
    """Judge a reply by its status: None below 300, else the failure; a redirect is one, since none is followed.

    `sent` is False for every error status: no provider bills for a request that it answers with an error.
    """
    if status < REDIRECT:
        return None
    return UpstreamFailure(
        "rate_limited" if status == 429 else "redirect" if status < CLIENT_ERROR else "status",  # noqa: PLR2004
        source="upstream",
        phase="first_byte",
        sent=False,
        retryable=status in RETRYABLE_STATUSES or status >= SERVER_ERROR,
        status=status,
        retry_after_s=retry_after_s_of(retry_after, now=now),
        detail=str(status),
    )


def retry_after_s_of(value: str | None, *, now: datetime | None = None) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds or a date; 0 to one day, None if unreadable."""
    if value is None:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        then = then.replace(tzinfo=UTC) if then.tzinfo is None else then
        seconds = (then - (now or datetime.now(UTC))).total_seconds()
    if seconds != seconds:  # noqa: PLR0124  # NaN
        return None
    return min(max(0.0, seconds), RETRY_AFTER_S_MAX)
