"""Roles and what each may do. The only place that says so."""

from enum import StrEnum


class Permission(StrEnum):
    """What a view or an API handler asks for."""

    READ = "read"
    EDIT_CAMPAIGNS = "edit campaigns"
    RUN_SYNC = "run sync"
    MANAGE_CONNECTIONS = "manage connections"
    MANAGE_TOKENS = "manage tokens"
    ADMINISTER = "administer"


class Scope(StrEnum):
    """What a script's token was made for. Each stands for one permission."""

    READ = "read"
    WRITE = "write"
    SYNC = "sync"
    ADMIN = "admin"


PERMISSION_OF = {
    Scope.READ: Permission.READ,
    Scope.WRITE: Permission.EDIT_CAMPAIGNS,
    Scope.SYNC: Permission.RUN_SYNC,
    Scope.ADMIN: Permission.MANAGE_CONNECTIONS,
}

_WORK = frozenset({Permission.READ, Permission.EDIT_CAMPAIGNS, Permission.RUN_SYNC})

# From who may least to who may most: each may all that those before it may.
ROLES: dict[str, frozenset[Permission]] = {
    "viewer": frozenset({Permission.READ}),
    "operator": _WORK,
    "manager": _WORK | {Permission.MANAGE_CONNECTIONS, Permission.MANAGE_TOKENS},
    "admin": frozenset(Permission),
}


def role_may(role: str, permission: Permission) -> bool:
    return permission in ROLES.get(role, frozenset())
