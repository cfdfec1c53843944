"""Reading operators and tokens."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Select, String, and_, bindparam, func, or_, select

from webapp.auth import emails
from webapp.auth.models import ApiToken, Operator
from webapp.core.db import UtcDateTime, db
from webapp.core.errors import NotFound
from webapp.core.postgresql import PREPARED


def operator_by_email(email: str) -> Operator | None:
    query = select(Operator).where(func.lower(Operator.email) == emails.folded(email))
    return db.session.scalars(query).one_or_none()


def operator_still_with(operator_id: int, digest: str) -> Operator | None:
    """The operator read anew and locked, if they are active and this is their password's digest."""
    query = select(Operator).where(
        Operator.id == operator_id, Operator.active, Operator.password_hash == digest
    )
    # An insert that refers to them goes on meanwhile.
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.session.scalars(query).one_or_none()


def any_operator() -> bool:
    return db.session.scalar(select(Operator.id).limit(1)) is not None


def list_operators() -> Sequence[Operator]:
    return db.session.scalars(select(Operator).order_by(Operator.email)).all()


def get_operator(operator_id: int) -> Operator | None:
    return db.session.get(Operator, operator_id)


def operator_choices() -> list[tuple[int, str]]:
    """Id and e-mail of everyone who may sign in, by e-mail."""
    query = select(Operator.id, Operator.email).where(Operator.active).order_by(Operator.email)
    return [(id_, email) for id_, email in db.session.execute(query)]


def emails_of(operator_ids: Iterable[int | None]) -> Mapping[int, str]:
    """E-mail addresses by id, for those that exist."""
    ids = {id_ for id_ in operator_ids if id_ is not None}
    if not ids:
        return {}
    query = select(Operator.id, Operator.email).where(Operator.id.in_(ids))
    return {row.id: row.email for row in db.session.execute(query)}


def list_tokens(operator_id: int | None = None) -> Sequence[tuple[ApiToken, str | None]]:
    """Tokens by name, each with its operator's e-mail; of one operator only, when one is named."""
    query = (
        select(ApiToken, Operator.email)
        .outerjoin(Operator, ApiToken.operator_id == Operator.id)
        .order_by(ApiToken.revoked_at.is_not(None), ApiToken.name)
    )
    if operator_id is not None:
        query = query.where(ApiToken.operator_id == operator_id)
    return [(token, email) for token, email in db.session.execute(query)]


def get_token(token_id: int) -> ApiToken:
    """Raises ``NotFound``."""
    token = db.session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    return token


def token_named(name: str) -> ApiToken:
    """Raises ``NotFound``."""
    token = db.session.scalars(select(ApiToken).where(ApiToken.name == name)).one_or_none()
    if token is None:
        raise NotFound(f"There is no token named {name}.")
    return token


def token_digest(token: str) -> str:
    # A token is 256 random bits: a plain digest cannot be guessed back.
    return hashlib.sha256(token.encode()).hexdigest()


def live_token(secret: str, now: datetime) -> tuple[ApiToken, str | None] | None:
    """The token that opens by this, and its operator's role; it is of nobody when that is ``None``.

    Nothing opens what is revoked, expired, or of somebody switched off.
    """
    found = db.session.execute(_opening(), {"digest": token_digest(secret), "now": now})
    row = found.one_or_none()
    return (row[0], row[1]) if row else None


@cache
def _opening() -> Select[ApiToken, str | None]:
    # Every request of a script asks for this: put together once.
    digest = bindparam("digest", type_=String())
    now = bindparam("now", type_=UtcDateTime())
    return (
        select(ApiToken, Operator.role)
        .outerjoin(Operator, ApiToken.operator_id == Operator.id)
        .where(
            or_(
                ApiToken.digest == digest,
                and_(ApiToken.previous_digest == digest, ApiToken.previous_until > now),
            ),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
            or_(Operator.id.is_(None), Operator.active),
        )
        .execution_options(**PREPARED)
    )
