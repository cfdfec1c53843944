"""Reading operators and tokens."""

import hashlib

from sqlalchemy import func, select

from webapp.auth.models import ApiToken, Operator
from webapp.core.db import db


def operator_by_session_id(session_id: str) -> Operator | None:
    operator = db.session.get(Operator, int(session_id)) if session_id.isdigit() else None
    return operator if operator and operator.active else None


def operator_by_email(email: str) -> Operator | None:
    query = select(Operator).where(func.lower(Operator.email) == email.strip().lower())
    return db.session.scalars(query).one_or_none()


def any_operator() -> bool:
    return db.session.scalar(select(Operator.id).limit(1)) is not None


def token_digest(token: str) -> str:
    # A token is 256 random bits: a plain digest cannot be guessed back.
    return hashlib.sha256(token.encode()).hexdigest()


def live_token(token: str) -> ApiToken | None:
    query = select(ApiToken).where(
        ApiToken.digest == token_digest(token), ApiToken.revoked_at.is_(None)
    )
    return db.session.scalars(query).one_or_none()
