"""One call to an address that somebody typed: of a webhook, a heartbeat, a sign-in service.

Where it may go, and that no redirect is followed, is seen to by ``webapp.core.http``.
"""

from collections.abc import Mapping

from webapp.core.http import Answer, Limits, fetch, http_session

LIMITS = Limits(connect=3.0, read=5.0, total=10.0, body_bytes=64 * 1024)


def call(
    user_agent: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    private: bool = False,
    limits: Limits = LIMITS,
) -> Answer:
    """Make one request. Raises ``NotSent`` or ``AnswerLost``; see ``webapp.core.http.fetch``.

    ``private``: addresses of networks that are not the Internet may be called as well.
    """
    with http_session(user_agent, private=private) as session:
        return fetch(session, method, url, headers=headers, body=body, limits=limits)
