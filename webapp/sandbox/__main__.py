"""``python -m webapp.sandbox``: reads the command line and runs the stand-in."""

import argparse
import ipaddress
import sys
from pathlib import Path
from uuid import UUID

from webapp.sandbox.schema import StateFileError
from webapp.sandbox.seed import DEFAULT_SEED, Plan
from webapp.sandbox.server import serve
from webapp.sandbox.settings import Settings
from webapp.sandbox.standin import Standin
from webapp.sandbox.state import State

DEFAULT_ORGANIZATION = "2f6ad6b0-5f1c-11f0-8de9-0242ac120002"
DEFAULT_STATE = Path("instance/sandbox.db")


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop. Returns the exit status."""
    wish = build_parser().parse_args(arguments)
    try:
        state = _open_state(wish)
    except StateFileError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    settings = Settings(requests_per_minute=wish.requests_per_minute)
    standin = Standin(state, wish.token, settings, _plan(wish, state), control=wish.control)
    try:
        serve(standin, wish.host, wish.port)
    except OSError as error:
        print(f"sandbox: cannot listen on {wish.host}:{wish.port}: {error}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The flags, as ``docs/sandbox.md`` explains them."""
    parser = argparse.ArgumentParser(
        "python -m webapp.sandbox", description="A practice Megaphone."
    )
    add = parser.add_argument
    add("--host", type=_loopback, default="127.0.0.1", help="a loopback address (127.0.0.1)")
    add("--port", type=_port, default=0, help="0 takes a free one, and the first line says which")
    add("--state", type=Path, default=DEFAULT_STATE, help="where records are kept")
    add("--campaigns", type=_count, default=1200, help="how many to make in a new state file")
    add("--advertisers", type=_count, default=200, help="likewise")
    add("--agencies", type=_count, default=30, help="likewise")
    add("--seed", type=int, default=DEFAULT_SEED, help="same seed, same records")
    add("--token", default="sandbox", help="the API token to accept")
    add("--organization", type=_uuid, help="the organisation's id")
    add("--requests-per-minute", type=_count, default=60, help="the rate limit; 0 is none")
    add("--control", action="store_true", help="switch on /control/ (faults, resets, logs)")
    return parser


def _loopback(text: str) -> str:
    if text == "localhost":
        return "127.0.0.1"
    try:
        fits = ipaddress.ip_address(text).is_loopback
    except ValueError:
        fits = False
    if not fits:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address such as 127.0.0.1")
    return text


def _port(text: str) -> int:
    value = _count(text)
    if value > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 8):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 on")
    return int(text)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a UUID") from None


def _open_state(wish: argparse.Namespace) -> State:
    state = State(wish.state)
    if state.seeded and wish.organization not in (None, state.organization):
        raise StateFileError(f"{wish.state} belongs to the organisation {state.organization}.")
    if not state.seeded:
        state.reset(_plan(wish, state))
    return state


def _plan(wish: argparse.Namespace, state: State) -> Plan:
    if wish.campaigns and not wish.advertisers:
        raise StateFileError("Campaigns need at least one advertiser.")
    organization = wish.organization or DEFAULT_ORGANIZATION
    sizes = (wish.campaigns, wish.advertisers, wish.agencies, wish.seed)
    return Plan(*sizes, state.organization if state.seeded else organization, state.now_ms())


if __name__ == "__main__":
    sys.exit(main())
