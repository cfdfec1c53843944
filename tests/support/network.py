"""Keeps tests on this machine: whatever would leave it fails, loudly.

An audit hook sees every look-up and connection of this process's Python code, whoever makes it.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOCAL_NAMES = ("localhost", "")
# RFC 2606: a name that never resolves. Answered here, so that asking for it needs no network.
NEVER_RESOLVES = ".invalid"

_state = {"guarded": False, "installed": False}


class NetworkRefused(RuntimeError):
    """A test reached out. Not an OSError, so that no product code takes it for an outage."""


@contextmanager
def loopback_only() -> Iterator[None]:
    if not _state["installed"]:
        sys.addaudithook(_guard)
        _state["installed"] = True
    _state["guarded"] = True
    try:
        yield
    finally:
        _state["guarded"] = False


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if not _state["guarded"]:
        return
    if event in ("socket.connect", "socket.sendto"):
        _check_address(arguments[1])
    elif event == "socket.getaddrinfo":
        _check_host(arguments[0])


def _check_address(address: object) -> None:
    # Only internet addresses are tuples; a local socket's is a path.
    if isinstance(address, tuple):
        _check_host(address[0])


def _check_host(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name.endswith(NEVER_RESOLVES):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if name not in LOCAL_NAMES and not _is_loopback(name):
        raise NetworkRefused(f"a test tried to reach {name}")


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
