"""Secrets without a format: private keys, web tokens, values that a word gives away; templates and prose are none."""

from __future__ import annotations

import math

import pytest

from gateway.guards import Detector
from gateway.guards.kinds.secrets import RULES, entropy_bits

DETECTOR = Detector(RULES)


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.rule, text[hit.start : hit.end]) for hit in DETECTOR.scan(text, frozenset({"secret"}))]


def test_entropy_is_shannons_in_bits_a_byte() -> None:
    assert entropy_bits(b"aaaa") == 0
    assert entropy_bits(b"abab") == 1
    assert entropy_bits(bytes(range(256))) == 8
    assert math.isclose(entropy_bits(b"aab"), 0.9182958340544896)  # 2/3 log2(3/2) + 1/3 log2(3)


@pytest.mark.parametrize("label", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_found_to_its_end_or_to_the_texts_if_it_is_cut(label: str) -> None:
    key = f"-----BEGIN {label}PRIVATE KEY-----\nMIIEowIBAAK\nabc==\n-----END {label}PRIVATE KEY-----"
    assert found(f"here:\n{key}\nthanks") == [("secret.private_key", key)]
    assert found(f"here:\n{key[:60]}") == [("secret.private_key", key[:60])]


def test_an_openpgp_key_block_is_one_too_and_public_keys_are_not() -> None:
    block = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nxcLY\n-----END PGP PRIVATE KEY BLOCK-----"
    assert found(block) == [("secret.private_key", block)]
    assert found(block.replace("PRIVATE", "PUBLIC")) == []


def test_a_signed_and_an_encrypted_web_token_are_found_whole() -> None:
    signed = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijkl"  # RFC 7519
    encrypted = (
        "eyJhbGciOiJSU0EtT0FFUCJ9.OKOawDo13gRp2ojaHV7LFp.48V1_ALb6US04U3b.5eym8TW_c8SuK0lt.XFBoMYUZodetZdvTiFvSkQ"
    )
    assert found(f"jwt {signed}.") == [("secret.jwt", signed)]
    assert found(f"jwe {encrypted} end") == [("secret.jwt", encrypted)]
    assert found("eyJhbGciOiJIUzI1NiJ9") == []


def test_a_users_option_and_a_basic_header_give_name_and_password() -> None:
    assert found("curl -s -u joe:hunter22 https://example.org") == [("secret.basic", "joe:hunter22")]
    assert found("Authorization: Basic am9lOmh1bnRlcjI=") == [("secret.basic", "am9lOmh1bnRlcjI=")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter2!", "hunter2!"),
        ("password is CorrectHorse7", "CorrectHorse7"),
        ('"api_key": "a8f5f167f44f4964e6c9"', "a8f5f167f44f4964e6c9"),
        ("DB_PASSWORD='c0rrect-horse'", "c0rrect-horse"),
        ("Authorization: Bearer abc123def456ghi789", "abc123def456ghi789"),
        ("contraseña: Perro.verde9", "Perro.verde9"),
        ("client_secret = x9Yz-7781-qqRs", "x9Yz-7781-qqRs"),
        ("x-api-key: 7f3b9c2e51d84a60", "7f3b9c2e51d84a60"),
    ],
)
def test_a_word_beside_it_gives_a_value_away(text: str, value: str) -> None:
    assert found(text) == [("secret.assigned", value)]


@pytest.mark.parametrize(
    "text",
    [
        "password: string",
        "your password is required",
        "password: ${PASSWORD}",
        "api_key = os.environ['KEY']",
        "the token limit is 128000",
        "token: abcdefghijklmnop",
        "api_key: aaaa1111aaaa",  # twelve bytes, two letters: hardly a bit each
        "api_key: a1b2c3d4e5",  # shorter than twelve
        "secret: short",
    ],
)
def test_templates_prose_and_values_too_plain_or_short_are_none(text: str) -> None:
    assert found(text) == []


def test_the_end_of_a_sentence_is_no_digit_of_the_value() -> None:
    assert found("My password is hunter2.")[0][1].startswith("hunter2")


def test_a_canary_in_a_system_prompt_is_recognised_when_it_comes_back() -> None:
    canary = "THCANARY_" + "BCDFGHJKLMNPQRST"
    assert found(f"said {canary} aloud") == [("secret.canary", canary)]
    assert found("THCANARY_AEIOUAEIOUAEIOUA") == []
