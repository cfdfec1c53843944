"""Calls to addresses that somebody typed: never to where only this machine or its network reaches.

The name is looked up once, what it stands for is judged, and that very address is called: a name
that stands for another place a moment later leads nowhere else. Redirects are not followed.
"""

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from webapp.core.http import Answer, Limits, NotSent, check_url, fetch, http_session, is_loopback

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_ADDRESSES = 2
PORTS = {"http": 80, "https": 443}
LIMITS = Limits(connect=3.0, read=5.0, total=10.0, body_bytes=64 * 1024)


def call(
    user_agent: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    private: bool = False,
    limits: Limits = LIMITS,
) -> Answer:
    """Make one request. Raises ``NotSent`` or ``AnswerLost``; see ``webapp.core.http.fetch``.

    ``private``: addresses of networks that are not the Internet may be called as well.
    """
    if check_url(url):
        raise NotSent("cannot be called: its address is not one that may be used")
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    failed = NotSent("could not be reached: its name was not found on the network")
    with http_session(user_agent, tls_name=host) as session:
        named = {**headers, "Host": parts.netloc}
        for address in _judged(host, _resolved(host, port), private=private):
            place = f"[{address}]" if address.version == 6 else str(address)
            there = f"{parts.scheme}://{place}:{port}{path}"
            try:
                return fetch(session, method, there, headers=named, body=body, limits=limits)
            except NotSent as failure:
                failed = failure
    raise failed


def _resolved(host: str, port: int) -> Sequence[IpAddress]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSent("could not be reached: its name was not found on the network") from None
    return [ipaddress.ip_address(str(each[4][0]).split("%")[0]) for each in found]


def _judged(host: str, addresses: Sequence[IpAddress], *, private: bool) -> Sequence[IpAddress]:
    """The first addresses, to be called in turn. One that may not be called is enough for none."""
    for address in addresses:
        if not may_call(address, local=is_loopback(host), private=private):
            raise NotSent("was not called: its name stands for an address that may not be called")
    return list(dict.fromkeys(addresses))[:MOST_ADDRESSES]


def may_call(address: IpAddress, *, local: bool, private: bool) -> bool:
    """``local``: this machine is what the address names."""
    real = getattr(address, "ipv4_mapped", None) or address
    if local or real.is_loopback:
        return local and real.is_loopback
    if real.is_multicast or real.is_link_local or real.is_unspecified or real.is_reserved:
        return False
    return private or real.is_global
