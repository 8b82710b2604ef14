"""Settings of approvals."""

import pytest
from pydantic import ValidationError

from gateway.config.approvals import ApprovalSettings, WebhookSettings


def test_no_answer_is_a_no_after_an_hour() -> None:
    assert ApprovalSettings().expires_s == 3_600
    assert ApprovalSettings().webhook is None


@pytest.mark.parametrize("url", ["ftp://a.example", "http://a.example", "https://me@a.example", "https://"])
def test_a_webhook_has_an_address_that_shows_nothing(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        WebhookSettings(url=url)
