"""Comparing what a dry run answers with what the real call after it does."""

from typing import Any
from uuid import uuid4

from sqlalchemy import select

from tests.api.scripts import Script
from webapp.core.db import Base, db

# What a token's use itself writes, whatever it asks for.
OF_USE = {"api_token", "api_window", "api_answer"}
# Made anew each time.
NEW = {"id", "created_at", "updated_at", "external_id", "at", "request_id", "instance"}
NEW |= {"campaignId", "createdAt", "updatedAt"}
# Of a good answer: where the real one is, and which version of it.
OF_REAL_ONES = {"Location", "ETag"}
# Whether it waits is the business of the real one alone.
HEADERS = ("Location", "ETag", "Content-Type")

Answered = tuple[Any, set[str]]


def everything() -> dict[str, list[str]]:
    db.session.commit()
    found = {
        name: sorted(map(repr, db.session.execute(select(table)).all()))
        for name, table in Base.metadata.tables.items()
        if name not in OF_USE
    }
    db.session.rollback()
    return found


def alike(answer: Any) -> Any:
    """Without what is made anew each time."""
    if isinstance(answer, dict):
        return {name: alike(value) for name, value in answer.items() if name not in NEW}
    return answer


def in_turn(
    script: Script, method: str, path: str, status: int, body: Any, **headers: str
) -> tuple[Answered, Answered]:
    """What a dry run answers, which leaves nothing behind, and what the real call after it does.

    Without the headers that tell them apart, which are looked at here. Both have the same key.
    """
    if method == "POST":
        headers = {"Idempotency_Key": str(uuid4()), **headers}
    before = everything()
    dry = script.call(method, f"{path}?dry_run=1", status, body, **headers)
    assert everything() == before
    real = script.call(method, path, status, body, **headers)
    assert (dry.headers.get("Dry-Run"), real.headers.get("Dry-Run")) == ("true", None)
    assert "Idempotency-Replayed" not in real.headers
    told_apart = OF_REAL_ONES if status < 300 else set()
    assert not told_apart & _named(dry)
    return (alike(dry.json), _named(dry)), (alike(real.json), _named(real) - told_apart)


def _named(answer: Any) -> set[str]:
    return {name for name in HEADERS if name in answer.headers}
