"""Who counts as one place, of those who ask us from network addresses."""

import ipaddress


def network_of(address: str) -> str:
    """Of IPv6, a network is one place: who has one address there has all of them."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), 64), strict=False))
