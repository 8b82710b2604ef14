"""What is remembered holds no addresses, numbers or keys."""

import pytest

from agents.mask import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jane.doe@example.com now", "write to [email] now"),
        ("card 4111 1111 1111 1111 was charged", "card [number] was charged"),
        ("call +49 30 901820", "call [number]"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [iban]"),
        ("key sk-th-abcdefghijklmnop", "key [secret]"),
        ("order 12345 is paid", "order 12345 is paid"),
        ("try 3 steps, then 20", "try 3 steps, then 20"),
    ],
)
def test_a_lesson_is_kept_and_what_is_personal_is_not(text: str, masked: str) -> None:
    assert mask(text)[0] == masked
    assert bool(mask(text)[1]) == (text != masked)
