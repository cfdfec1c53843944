"""Hostile text in every place of the database that holds somebody's text, and how it would show.

A new text column is hostile from its first day: what holds codes is named, everything else is not.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import JSON, Column, String, Table, cast, null, update
from sqlalchemy import select as query

from tests import factories
from tests.support.markup import Element
from webapp.audit import service as audit
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor, FieldChange
from webapp.campaigns.models import Campaign
from webapp.campaigns.record import subject
from webapp.core.db import db

TAG, CALL = "xss-made", "xss("
LONG = (
    '"><xss-made onclick=xss()></textarea></title></script><script>xss()</script>'
    "<img src=x onerror=xss()>'\"{{7919*7907}}${7919*7907}javascript:xss()//"
)
QUOTES = '\' autofocus onfocus=xss() " onmouseover="xss()" {{7919*7907}}'
SCHEME = "javascript:xss()//"
ADDRESS = "javascript:xss()//@example.com"
PAYLOADS = {"markup": LONG, "quotes": QUOTES, "scheme": SCHEME}

# Codes that we alone write, of which other values mean nothing, and what is locked or a digest.
CODES = {
    "action", "address", "brake_decision", "channel", "credential", "credential_digest", "cursor",
    "decision", "digest", "error_code", "field_group", "file_digest", "fingerprint", "holder",
    "home_view", "key", "kind", "lane", "link", "list_arguments",
    "marker_mode", "method", "outcome",
    "password_hash", "pause_kind", "payload_digest", "platform", "previous", "previous_digest",
    "priority", "role", "scopes", "source", "stage", "state", "sync_state", "totp_secret",
    "total_budget_currency", "total_revenue_currency", "trigger", "value", "selection",
    "search_text", "remote_id", "sync_detail", "base_url",
}  # fmt: skip
# Append-only, or no text of anybody.
TABLES_LEFT = {"audit_event", "audit_seal", "alembic_version", "rate_budget", "lease", "api_answer"}
# In documents: texts of these names, and whatever stands in lists of sentences.
FREE = {
    "label",
    "title",
    "external_id",
    "notes",
    "name",
    "reason",
    "message",
    "words",
    "unreadable",
}


LEADING = ("href", "src", "action", "formaction", "xlink:href", "hx-get", "hx-post")
ELSEWHERE = ("javascript:", "data:", "vbscript:", "//")


def poison(payload: str) -> None:
    """Put the text wherever a text of somebody stands, each with the name of its place behind."""
    _tell(payload)
    tables = [each for each in db.metadata.sorted_tables if each.name not in TABLES_LEFT]
    for column in (column for table in tables for column in table.columns):
        if column.name not in CODES and not column.foreign_keys:
            _poison(column.table, column, payload)
    db.session.commit()


def _tell(payload: str) -> None:
    """The timeline takes no other text once it is written: hostile from the first."""
    for campaign in db.session.scalars(query(Campaign)):
        someone = Actor(payload[:254], "web", request_id=payload[:64])
        change = FieldChange(payload[:40], payload, payload)
        audit.record(someone, "edited", subject(campaign), [change], reason=payload)
    db.session.add(
        AuditEvent(
            at=factories.SOME_DAY,
            actor=payload[:254],
            source="cli",
            object_type="connection",
            object_id=1,
            object_label=payload,
            action=payload[:40],
        )
    )
    db.session.flush()


def _poison(table: Table, column: Column[Any], payload: str) -> None:
    if isinstance(column.type, JSON):
        for row in db.session.execute(query(table.c.id, column).where(column.is_not(null()))):
            fouled = _fouled(row[1], payload, table.name in ("import_file",))
            db.session.execute(
                update(table).where(table.c.id == row.id).values({column.name: fouled})
            )
    elif isinstance(column.type, String) and "id" in table.c:
        place = f"{table.name}.{column.name}."
        length = column.type.length or 10_000
        text = payload[: max(0, length - len(place) - 6)] + place
        unique = cast(table.c.id, String)
        # What nobody filled in stays so: a page may say that by another form.
        filled = update(table).where(column.is_not(None))
        db.session.execute(filled.values({column.name: text + unique}))


def _fouled(value: Any, payload: str, is_free: bool) -> Any:
    if isinstance(value, dict):
        return {key: _fouled(each, payload, key in FREE) for key, each in value.items()}
    if isinstance(value, list):
        return [_fouled(each, payload, is_free) for each in value]
    return payload if is_free and isinstance(value, str) else value


def made_of_text(root: Element) -> Iterator[str]:
    """What a page has that somebody's text made, in words. Nothing, where all is well."""
    for element in root.walk():
        if element.tag == TAG or element.tag in ("iframe", "object", "embed", "base", "style"):
            yield f"<{element.tag}> was made"
        if element.tag == "script" and (
            not element.get("src").startswith("/static/") or element.text
        ):
            yield f"a script was made: {element.attributes} {element.text[:80]}"
        if element.tag == "img" and element.get("src") == "x":
            yield "an image was made"
        yield from _wrong_attributes(element)
    if "62615533" in root.text:
        yield "a template was worked out"


def _wrong_attributes(element: Element) -> Iterator[str]:
    for name, value in element.attributes.items():
        if name.startswith("on") or name in ("srcdoc", "style"):
            yield f"<{element.tag} {name}> was made: {value[:80]}"
        if name in LEADING and value.strip().lower().startswith(ELSEWHERE):
            yield f"<{element.tag} {name}> leads to {value[:80]}"
