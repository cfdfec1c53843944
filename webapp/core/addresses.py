"""Which addresses may be called: how they are written, and what their names stand for.

A name is looked up once and what it stands for is judged, so that the socket goes to what was
judged: a name that stands for another place a moment later leads nowhere else.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MOST_ADDRESSES = 4
PORTS = {"http": 80, "https": 443}

_ODD_URL = re.compile(r"[^!-~]|[\\<>\"^`{|}]")


class NotToBeCalled(Exception):
    """The name stands for a place that may not be called."""


def is_loopback(host: str) -> bool:
    """Whether this name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_base_url(url: str) -> str | None:
    """What is wrong with this address of a remote service, in words; ``None`` when nothing is."""
    problem = check_url(url)
    if problem is None and "?" in url:
        return "The address must end with its path: leave out everything from ? on."
    return problem


def check_url(url: str) -> str | None:
    """What is wrong with this address of one resource, in words; ``None`` when nothing is."""
    if len(url) > 1000 or _ODD_URL.search(url):
        return "The address has characters that no web address has, or is too long."
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web:
        return "This is not a web address. Give one such as https://cms.megaphone.fm/api."
    if "@" in parts.netloc:
        return "The address must not hold a user name or a password."
    if "#" in url:
        return "The address must end with its path: leave out everything from # on."
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "The address must begin with https://. Plain http is only for this machine."
    return None


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address that was checked."""
    parts: SplitResult = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)


def callable_addresses(host: str, port: int, *, private: bool) -> Sequence[IpAddress]:
    """What the name stands for, to be called in turn.

    One address that may not be called is enough for none: raises :class:`NotToBeCalled`, or
    ``OSError`` for a name that nobody knows. ``private``: addresses of networks that are not the
    Internet may be called as well.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("no name") from None
    addresses = [ipaddress.ip_address(str(each[4][0]).split("%")[0]) for each in found]
    for address in addresses:
        if not may_call(address, local=is_loopback(host), private=private):
            raise NotToBeCalled
    return list(dict.fromkeys(addresses))[:MOST_ADDRESSES]


def may_call(address: IpAddress, *, local: bool, private: bool) -> bool:
    """``local``: this machine is what the address names."""
    real = getattr(address, "ipv4_mapped", None) or address
    if local or real.is_loopback:
        return local and real.is_loopback
    if real.is_multicast or real.is_link_local or real.is_unspecified or real.is_reserved:
        return False
    return private or real.is_global
