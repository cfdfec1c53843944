"""What keeps the timeline fast: each thing it is asked for most is read off an index, in order."""

import pytest
from flask import Flask
from sqlalchemy import insert

from tests.audit.past_events import happen
from tests.support.statements import count_statements
from webapp.audit import listing
from webapp.audit.models import AuditEvent
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.listing import COUNT_CAP

ASKED = {
    "": "ix_audit_event_at",
    "source=web": "ix_audit_event_by_source",
    "who=1": "ix_audit_event_by_operator_id",
    "action=archived": "ix_audit_event_by_action",
    "kind=connection": "ix_audit_event_by_object_type",
    "about=campaign-7": "ix_audit_event_by_object",
    "sort=-kind": "ix_audit_event_by_object_type",
    "from=2026-03-02": "ix_audit_event_at",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", ASKED)
def test_no_page_looks_through_all_there_is(app: Flask, asked: str) -> None:
    happen()
    arguments = dict(part.split("=") for part in asked.split("&")) if asked else {}
    with app.test_request_context(), count_statements() as statements:
        listing.list_events(listing.EVENTS.parse(arguments))
    (rows,) = (each for each in statements if "LIMIT" in each and "count" not in each)
    plan = db.session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {rows}", (None,) * rows.count("?")
    )
    steps = [step.detail for step in plan]
    (first,) = (step for step in steps if "audit_event USING" in step and "PRIMARY" not in step)
    assert ASKED[asked] in first


def test_counting_stops_where_a_list_says_that_there_are_more(app: Flask) -> None:
    row = {
        "at": utc_now(),
        "actor": "x",
        "source": "web",
        "object_type": "campaign",
        "object_id": 1,
        "object_label": "x",
        "action": "edited",
    }
    db.session.execute(insert(AuditEvent), [row] * 10_050)
    with app.test_request_context():
        page = listing.list_events(listing.EVENTS.parse({"source": "web"}))
        exact = listing.list_events(listing.EVENTS.parse({"source": "web", "count": "exact"}))
    assert (page.total, page.capped) == (COUNT_CAP, True)
    assert (exact.total, exact.capped) == (10_050, False)


def test_words_are_looked_for_once_whichever_page_is_asked_for(app: Flask) -> None:
    happen(120)
    with app.test_request_context(), count_statements() as statements:
        page = listing.list_events(listing.EVENTS.parse({"q": "Spring", "page": "2"}))
    assert (len(page.items), page.total, page.first) == (50, 120, 51)
    assert sum("LIKE" in each.upper() for each in statements) == 1
