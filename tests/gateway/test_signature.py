"""Signatures as Standard Webhooks has them: of id, time and body, and of nothing that was changed."""

import base64
import hmac

import pytest

from gateway.signature import signed, signing_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_standard_webhooks_is_signed_as_it_says() -> None:
    headers = signed(
        signing_key(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1_614_265_330_000_000
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_of_any_text_is_its_own_key() -> None:
    said = signed(signing_key("hush"), "m", b"{}", 5_999_999)["webhook-signature"]
    assert said == f"v1,{base64.b64encode(hmac.digest(b'hush', b'm.5.{}', 'sha256')).decode()}"


def test_without_a_key_nothing_is_signed() -> None:
    assert signed(None, "m", b"{}", 0) == {"webhook-id": "m", "webhook-timestamp": "0"}


def test_a_secret_that_is_no_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        signing_key("whsec_not base64")
