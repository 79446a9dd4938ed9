"""Which IP addresses are on the public internet: what is left when every special range is taken away."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The registries of special-purpose addresses (RFC 6890 and its successors). Python's `is_global` has changed its mind about
# several of them between releases.
_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_UNICAST_6 = IPv6Network("2000::/3")
# Protocol assignments, Teredo among them, and documentation.
_SPECIAL_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_6TO4 = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")
_MAPPED = IPv6Network("::ffff:0:0/96")
_ISATAP = 0x5EFE
_LOW_32 = 0xFFFFFFFF


def plain(ip: IP) -> IP:
    """The IPv4 address that a packet to this IPv6 address ends at, where one is written into it; else the address."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _MAPPED or ip in _NAT64:
        return IPv4Address(int(ip) & _LOW_32)
    if ip in _6TO4:
        return IPv4Address(int(ip) >> 80 & _LOW_32)
    return ip


def is_public(ip: IP) -> bool:
    """Whether it is an address of the internet: not of this machine, a private or a local network, nor of many at once."""
    if isinstance(ip, IPv6Address) and ip in _MAPPED:
        return False  # nobody has one to offer, and it means this machine's IPv4
    found = plain(ip)
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _SPECIAL_4)
    tunnel = int(found) >> 32 & 0xFFFF == _ISATAP
    return found in _UNICAST_6 and not tunnel and not any(found in network for network in _SPECIAL_6)
