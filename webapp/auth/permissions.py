"""Roles and what each may do. The only place that says so."""

from enum import StrEnum


class Permission(StrEnum):
    """What a view or an API handler asks for."""

    READ = "read"
    EDIT_CAMPAIGNS = "edit campaigns"
    RUN_SYNC = "run sync"
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
    Scope.ADMIN: Permission.ADMINISTER,
}

ROLES: dict[str, frozenset[Permission]] = {
    "manager": frozenset(Permission),
    "viewer": frozenset({Permission.READ}),
}


def role_may(role: str, permission: Permission) -> bool:
    return permission in ROLES.get(role, frozenset())
