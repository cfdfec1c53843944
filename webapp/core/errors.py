"""Errors of the domain: what services raise and entry points turn into words.

Errors of ad servers live in ``webapp.adservers.errors``.
"""

from collections.abc import Mapping


class DomainError(Exception):
    """A request that cannot be done, with a sentence an operator can act on."""


class InvalidInput(DomainError):
    """Input that breaks a rule. ``fields`` maps a field's name to its message."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)


class NotFound(DomainError):
    """The thing asked for is not here."""


class StaleEdit(DomainError):
    """Someone saved since this edit was begun. ``changed`` maps field to its current value."""

    def __init__(self, changed: Mapping[str, object]) -> None:
        super().__init__("This campaign was changed since you opened it.")
        self.changed = dict(changed)


class KeyReused(DomainError):
    """A one-time key came again, with other content than the first time."""


class TooLate(DomainError):
    """It could have been done before, and things have moved on since. The text says how."""


class TooSlow(DomainError):
    """A question to the database that would have taken longer than anybody waits."""

    def __init__(self) -> None:
        super().__init__("This takes too long to find. Ask for less, or for something rarer.")
