"""Where the gateway may connect to: public addresses, and the private networks that the configuration names.

Checked on the address of the very socket that is opened, after DNS: neither a name that resolves to a private address
nor one that changes its answer between check and use gets through; a literal address is checked the same way.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
COMPATIBLE = ipaddress.IPv6Network("::/96")


class EgressRefusedError(OSError):
    """The address is private and no configured network contains it."""


class Egress:
    """Decides by address; `private_networks` are CIDRs such as `10.1.0.0/16` or `127.0.0.0/8`."""

    def __init__(self, private_networks: Sequence[str] = ()) -> None:
        self._private: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in private_networks)

    def allows(self, address: str) -> bool:
        """Whether a connection to this literal address may be made; what is no address is not."""
        try:
            ip = _innermost(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            return False
        if ip.is_global and not ip.is_multicast and not getattr(ip, "is_site_local", False):
            return True
        return any(ip.version == network.version and ip in network for network in self._private)

    def open_socket(self, info: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        """Make the socket for one resolved address (getaddrinfo's tuple); raises `EgressRefusedError`."""
        family, kind, protocol, _, address = info
        if not self.allows(address[0]):
            raise EgressRefusedError("egress to a private address is not configured")
        return socket.socket(family=family, type=kind, proto=protocol)


def _innermost(ip: Address) -> Address:
    """Return the IPv4 address that an IPv6 one carries (mapped, compatible, 6to4, NAT64), else the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in NAT64 or (ip in COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
