"""Network ports: whether one can be listened on, and if not, why, in a sentence."""

import errno
import ipaddress
import socket

REASONS = {
    errno.EADDRINUSE: "Port {port} is in use by another program.",
    errno.EACCES: "Port {port} may not be used by this account; those from 1024 on may.",
    errno.EADDRNOTAVAIL: "{address} is not an address of this machine. Set BIND_ADDRESS.",
}


def problem(address: str, port: int, setting: str) -> str | None:
    """Why this process cannot listen there and which setting to change; ``None`` when it can."""
    try:
        _listen_once(address, port)
    except OSError as error:
        reason = REASONS.get(error.errno or 0, "Port {port} cannot be used: " + str(error))
        advice = f" Set {setting} to another port." if "BIND_ADDRESS" not in reason else ""
        return reason.format(port=port, address=address) + advice
    return None


def is_free(address: str, port: int) -> bool:
    return problem(address, port, "") is None


def reachable_host(address: str) -> str:
    """The host to open, from this machine, what listens at that address."""
    if address == "localhost":
        return address
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified:
        return "127.0.0.1" if parsed.version == 4 else "[::1]"
    return address if parsed.version == 4 else f"[{address}]"


def _listen_once(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections that just ended do not count as use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
        probe.listen()
