"""What the pages that undo something share: trying it, and the words when it cannot be done."""

from collections.abc import Callable
from dataclasses import dataclass

from webapp.core.db import transaction
from webapp.core.errors import DomainError, InvalidInput, StaleEdit

MOVED = "The campaign was changed since this was drawn. Look again at what would be restored."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was undone, and the status of the page that says so."""

    words: str
    status: int


def refusal_of(act: Callable[[], object]) -> Refusal | None:
    """Undo in a transaction of its own; ``None`` when it is done."""
    try:
        with transaction():
            act()
    except StaleEdit:
        return Refusal(MOVED, 409)
    except InvalidInput as problem:
        return Refusal(str(problem), 422)
    except DomainError as problem:
        return Refusal(str(problem), 409)
    return None
