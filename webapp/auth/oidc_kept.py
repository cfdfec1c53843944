"""What the sign-in service said lately, kept for some minutes: signing in asks it for little.

In the memory of each process. What failed is not kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from joserfc.jwk import KeySet

from webapp.auth import oidc_provider
from webapp.auth.oidc_provider import Client, Provider
from webapp.core.clock import utc_now

KEPT_FOR = timedelta(minutes=5)
# Tokens that name keys that nobody has do not make us ask more often.
NEW_KEYS_AFTER = timedelta(minutes=1)

T = TypeVar("T")


class Kept(Generic[T]):
    """The last answers, each by the address that gave it, and when that was."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[T, datetime]] = {}

    def get(self, address: str, ask: Callable[[], T], *, no_older: timedelta = KEPT_FOR) -> T:
        known = self._said.get(address)
        if known and known[1] > utc_now() - no_older:
            return known[0]
        said = ask()
        self._said[address] = (said, utc_now())
        return said


_providers: Kept[Provider] = Kept()
_keys: Kept[KeySet] = Kept()


def provider(client: Client) -> Provider:
    """The service's addresses. Raises ``ProviderFailed``."""
    return _providers.get(client.issuer, lambda: oidc_provider.discover(client))


def keys(provider: Provider, name: object) -> KeySet:
    """Its keys, with the one of this name if it has that. Raises ``ProviderFailed``."""

    def ask() -> KeySet:
        return oidc_provider.keys(provider)

    found = _keys.get(provider.keys, ask)
    if any(key.kid == name for key in found):
        return found
    return _keys.get(provider.keys, ask, no_older=NEW_KEYS_AFTER)
