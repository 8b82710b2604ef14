import socket
from typing import Any

import pytest

from gateway.upstream.egress import Egress, EgressRefusedError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
        "not an address",
        "",
    ],
)
def test_no_private_address_is_allowed_in_any_disguise(address: str) -> None:
    assert not Egress().allows(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "104.18.7.192", "2606:4700::6812:7c0", "64:ff9b::101:101", "::ffff:1.1.1.1"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert Egress().allows(address)


def test_a_configured_network_is_allowed_and_its_neighbour_is_not() -> None:
    egress = Egress(["10.1.0.0/16", "fd00::/8"])
    assert egress.allows("10.1.255.1")
    assert egress.allows("::ffff:10.1.0.1")
    assert egress.allows("fd12::1")
    assert not egress.allows("10.2.0.1")
    assert not egress.allows("127.0.0.1")


def test_a_network_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="10\\.1\\.0\\.1"):
        Egress(["10.1.0.1/16"])


def test_a_socket_is_made_only_for_an_allowed_address() -> None:
    def info(address: str) -> tuple[int, int, int, str, tuple[Any, ...]]:
        return (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80))

    with pytest.raises(EgressRefusedError, match="not configured"):
        Egress().open_socket(info("10.0.0.1"))
    with Egress().open_socket(info("1.1.1.1")) as made:
        assert made.type == socket.SOCK_STREAM
