"""What can go wrong with an ad server: one family, sorted by what to do next.

Nothing else leaves an adapter. ``message`` is a sentence for ad-ops people that says what happens
next. No error holds a credential or a full address, in no attribute and no chained cause.
"""

from collections.abc import Mapping
from typing import ClassVar

# What the message of one that passes by itself ends with, where it was not somebody's own question.
AGAIN = "Flightdeck tries again by itself."


class AdServerError(Exception):
    """Base of the family. ``status`` and ``request_id`` as far as an answer came."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, status: int | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.request_id = request_id


class Unreachable(AdServerError):
    """Proven not sent: refused, no such name, TLS, no connection in time."""

    code = "unreachable"
    retryable = True


class OutcomeUnknown(AdServerError):
    """A write was sent and its answer lost or unreadable. Look before sending again."""

    code = "outcome_unknown"


class Rejected(AdServerError):
    """A definite refusal (4xx). ``field_errors`` by our field names, where they could be told."""

    code = "rejected"

    def __init__(
        self,
        message: str,
        field_errors: Mapping[str, str] | None = None,
        *,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, request_id=request_id)
        self.field_errors: dict[str, str] = dict(field_errors or {})


class NotFound(AdServerError):
    """One record is not there (any more). Never said of a whole collection."""

    code = "not_found"


class RateLimited(AdServerError):
    """Too many calls, by the server's word or by our own limit. Nothing was done.

    ``retry_after`` is in seconds, at most an hour; ``None`` when the server did not say.
    """

    code = "rate_limited"
    retryable = True

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        *,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, request_id=request_id)
        self.retry_after = retry_after


class AuthFailed(AdServerError):
    """The credential is not accepted. Pause the connection until there is a new one."""

    code = "auth_failed"


class PermissionDenied(AdServerError):
    """The credential is good and does not allow this."""

    code = "permission_denied"


class Unavailable(AdServerError):
    """A read failed in passing: 5xx, timeout, cut off, unreadable."""

    code = "unavailable"
    retryable = True


class ContractChanged(AdServerError):
    """The server no longer speaks as agreed. Pause the connection; conclude nothing from it."""

    code = "contract_changed"


class Unsupported(AdServerError):
    """This ad server, or this connection as configured, cannot do that. Nothing was sent."""

    code = "unsupported"
