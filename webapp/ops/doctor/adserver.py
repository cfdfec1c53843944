"""Whether the ad server answers as agreed: by the small reads of a check, and nothing is kept."""

from collections.abc import Mapping

from webapp.adservers.errors import (
    AdServerError,
    AuthFailed,
    ContractChanged,
    PermissionDenied,
    RateLimited,
    Unavailable,
    Unreachable,
    Unsupported,
)
from webapp.adservers.types import Priority
from webapp.connections.service import MEGAPHONE
from webapp.core.config import Settings
from webapp.core.ratelimit import RateLimiter
from webapp.ops.doctor.findings import Finding, broken, ok, warning
from webapp.sync.remote import RequestCount, open_remote

PART = "ad server"
FIXES: Mapping[type[AdServerError], str] = {
    AuthFailed: "Enter a valid token on the connection's page, or put it into MEGAPHONE_API_TOKEN "
    "and start web and worker again.",
    PermissionDenied: "Is MEGAPHONE_ORG_ID the token's own? If so, have its user given the role "
    "that it lacks, in Megaphone.",
    Unreachable: "Can this machine reach MEGAPHONE_BASE_URL, by name and through any firewall? "
    "For a certificate, install the one that signed it.",
    Unavailable: "Wait, or ask Megaphone: what is wrong is on its side.",
    RateLimited: "Wait a minute: there were too many calls.",
    Unsupported: "Mend MEGAPHONE_BASE_URL.",
}
MISSING = "Mend the path of MEGAPHONE_BASE_URL (Megaphone's ends in /api), or MEGAPHONE_ORG_ID."
NOT_IT = (
    "Something else answers at MEGAPHONE_BASE_URL, such as a sign-in page or a proxy: mend the "
    "address, or have this machine let through."
)
GONE = (404, 410)


def examine(settings: Settings, limiter: RateLimiter, *, has_database: bool) -> list[Finding]:
    """Asks by a handful of calls, within the budget that all processes share.

    Without a database, with the token of the settings.
    """
    given = settings.megaphone_api_token
    if given is None:
        return []
    token, calls = None if has_database else given.get_secret_value(), RequestCount()
    try:
        with open_remote(MEGAPHONE, settings, limiter, Priority.PUSH, calls, token=token) as remote:
            seen = remote.check()
    except AdServerError as error:
        return [broken(PART, error.message, _fix(error))]
    if seen.unreadable:
        words = f"{len(seen.unreadable)} of {seen.looked_at} campaigns looked at cannot be used"
        return [warning(PART, f"{words}: {seen.unreadable[0]}", "Mend them in Megaphone.")]
    return [ok(PART, f"it answers, and shows {seen.campaigns or 0:,} campaigns")]


def _fix(error: AdServerError) -> str:
    if isinstance(error, ContractChanged):
        return MISSING if error.status in GONE else NOT_IT
    return FIXES.get(type(error), "Run: flask connections check")
