"""Switches of the running stand-in: the choices nobody outside can know the right answer to.

They live in memory and start from the command line's values at every start.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

CHOICES: dict[str, tuple[object, ...]] = {
    "post_status": (200, 201),
    "delete_status": (200, 204),
    "validation_shape": ("error", "fields", "list"),
    "external_id": ("stored", "dropped", "folded", "unique"),
    "agency_in_advertiser": ("id", "embedded", "both"),
    "rate_window": ("sliding", "fixed"),
}


class SettingError(ValueError):
    """A switch or a value that does not exist, with a sentence that says what does."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``requests_per_minute`` 0 is no limit; ``retry_after`` is sent as it is, null not at all."""

    requests_per_minute: int = 60
    rate_window: str = "sliding"
    retry_after: str | None = None
    latency_ms: int = 0
    post_status: int = 201
    delete_status: int = 204
    validation_shape: str = "error"
    snake_case: bool = True
    external_id: str = "stored"
    agency_in_advertiser: str = "id"

    def changed(self, values: Mapping[str, object]) -> "Settings":
        """These settings with some of them set anew; :class:`SettingError` when that cannot be."""
        known = {field.name for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise SettingError(f"There is no setting {name!r}. There are: {sorted(known)}.")
            _check(name, value, getattr(Settings(), name))
        chosen: dict[str, Any] = dict(values)
        return replace(self, **chosen)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def _check(name: str, value: object, example: object) -> None:
    allowed = CHOICES.get(name)
    if allowed and value not in allowed:
        raise SettingError(f"{name} is one of {list(allowed)}, not {value!r}.")
    if name == "retry_after":
        if not (value is None or isinstance(value, str)):
            raise SettingError("retry_after is a text, sent as it is, or null for none.")
    elif type(value) is not type(example):
        raise SettingError(f"{name} is of type {type(example).__name__}, not {value!r}.")
    if isinstance(value, int) and value < 0:
        raise SettingError(f"{name} is 0 or more, not {value}.")
