"""IP and MAC addresses and logins in URLs; versions, object ids and templates are none."""

from __future__ import annotations

import pytest

from gateway.guards import Detector
from gateway.guards.kinds.network import RULES

DETECTOR = Detector(RULES)
KINDS = frozenset({"ip", "mac", "login"})


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.rule, text[hit.start : hit.end]) for hit in DETECTOR.scan(text, KINDS)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("from 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:8080", "203.0.113.7"),
        ("(10.0.0.1)", "10.0.0.1"),
        ("at 203.0.113.255.", "203.0.113.255"),
        ("host 203[.]0[.]113[.]7", "203[.]0[.]113[.]7"),
        ("203 dot 0 dot 113 dot 7", "203 dot 0 dot 113 dot 7"),
        ("1.0.0.1", "1.0.0.1"),
        ("223.255.255.255", "223.255.255.255"),
        ("the server version 9 at address 203.0.113.7", "203.0.113.7"),
        ("upgraded server to 203.0.113.7", "203.0.113.7"),
    ],
)
def test_an_ipv4_address_is_found_whole(text: str, value: str) -> None:
    assert found(text) == [("ip.v4", value)]


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.0",
        "256.1.1.1",
        "1.2.3.4.5",
        "x-1.2.3.4",
        "1.2.3.4-beta",
        "1.2.3.4_5",
        "v1.2.3.4",
        "version: 10.0.19.41",
        "Chrome/120.0.60.99",
        "pkg==1.2.3.4",
        ">= 1.2.3.4",
        "section 4.1.2.1",
        "upgrade to 10.2.3.4",
        "1.2.3",
    ],
)
def test_a_version_a_mask_or_a_part_of_something_longer_is_no_address(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "address",
    [
        "2001:db8::8a2e:370:7334",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "fe80::1ff:fe23:4567:890a",
        "2001:db8::1",
    ],
)
def test_an_ipv6_address_is_found_whole(address: str) -> None:
    assert found(f"at {address}, port 80") == [("ip.v6", address)]
    assert found(f"[{address}]") == [("ip.v6", address)]
    assert found(f"from {address}: refused") == [("ip.v6", address)]


@pytest.mark.parametrize(
    "text",
    [
        "std::vector<int>",
        "a::b",
        "::1",
        "10:33:21",
        "dead::beef::1",
        "x2001:db8::1",
        ":::a",
        "2001:db8:1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
    ],
)
def test_scopes_times_and_what_the_standard_does_not_parse_are_no_ipv6(text: str) -> None:
    assert [rule for rule, _ in found(text)] == []


@pytest.mark.parametrize("address", ["00:1b:44:11:3a:b7", "00-1B-44-11-3A-B7", "001b.4411.3ab7"])
def test_a_mac_address_is_found_in_each_notation(address: str) -> None:
    assert found(f"mac {address} up") == [("mac", address)]


@pytest.mark.parametrize(
    "text",
    ["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "00:1b:44:11:3a:b7:01", "a-00-1B-44-11-3A-B7", "00-1b:44-11:3a-b7"],
)
def test_broadcast_and_longer_rows_of_bytes_are_no_mac(text: str) -> None:
    assert [rule for rule, _ in found(text) if rule == "mac"] == []


def test_name_and_password_in_a_url_are_found_and_its_host_stays() -> None:
    assert found("postgres://bob:s3cret!@db.example.com/x") == [("login", "bob:s3cret!")]
    assert found("redis://:s3cret@cache") == [("login", ":s3cret")]


@pytest.mark.parametrize(
    "login", ["user:password", "username:${PW}", "user:****", "your_user:your_password", "user:%PW%"]
)
def test_a_template_is_no_login(login: str) -> None:
    assert found(f"postgres://{login}@db.example.com") == []
