"""Roles and permissions in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.auth.models import Operator
from webapp.auth.permissions import ROLES, Permission, role_may

ROLE_WORDS = {
    "viewer": "sees everything and changes nothing",
    "operator": "works with campaigns, and has Megaphone read",
    "manager": "an operator who also looks after connections and everybody’s tokens",
    "admin": "a manager who also decides who may sign in, and as what",
}
PERMISSION_WORDS = {
    Permission.READ: (
        "See",
        "All campaigns, changes, notices and the timeline; views and reading tokens of one’s own",
    ),
    Permission.EDIT_CAMPAIGNS: (
        "Work with campaigns",
        "Book, change, archive, import; hold, cancel and undo changes; settle what needs somebody",
    ),
    Permission.RUN_SYNC: (
        "Have Megaphone read",
        "Start, stop and resume a reading by hand",
    ),
    Permission.MANAGE_CONNECTIONS: (
        "Look after connections",
        "Pause and resume sending, and decide about what is missing after a reading",
    ),
    Permission.MANAGE_TOKENS: (
        "Look after tokens",
        "See everybody’s tokens of scripts, and revoke any",
    ),
    Permission.ADMINISTER: (
        "Administer people",
        "Invite, change roles, switch off and on, end sessions, set rules",
    ),
}


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One permission, and for each role whether it has it."""

    name: str
    words: str
    has: Sequence[bool]


def matrix() -> list[MatrixRow]:
    """Who may what, as ``permissions.ROLES`` says it."""
    return [
        MatrixRow(*PERMISSION_WORDS[each], [role_may(role, each) for role in ROLES])
        for each in Permission
    ]


def role_choices() -> list[tuple[str, str]]:
    """Each role with what it means, from who may least to who may most."""
    return [(role, f"{role.capitalize()}: {ROLE_WORDS[role]}") for role in ROLES]


def standing(operator: Operator) -> str:
    """What somebody is now; forms are drawn with it, to notice that it changed since."""
    return f"{operator.role}, {'on' if operator.active else 'off'}"
