"""What the timeline says about views: who made, changed, shared, deleted or chose which."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.support.pages import get_page
from webapp.audit.models import AuditEvent
from webapp.core.db import db

Told = tuple[str, str, str | None, str | None, str | None]


def told() -> list[Told]:
    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    return [(e.action, e.object_label, e.field, e.before, e.after) for e in events]


def test_making_a_shared_view_is_told(manager_client, manager):
    page = get_page(manager_client, "/views/new?list=q%3Dspring%26owner%3Dme%26sort%3D-title")
    page.submit("Save the view", {"name": "Spring", "is_shared": "y"})

    finds = "Search: spring; Owner: me; Order: title, descending"
    assert told() == [("saved a view", "“Spring”", "what it finds", None, finds)]
    event = db.session.scalars(select(AuditEvent)).one()
    assert (event.actor, event.operator_id, event.source) == (manager.email, manager.id, "web")
    assert "saved a list as “Spring”" in get_page(manager_client, "/timeline").text


def test_saving_over_it_is_told_with_both_states(manager_client, manager):
    view = factories.saved_view(manager, name="Spring", is_shared=True)

    get_page(manager_client, f"/campaigns?view={view.uuid}&advertiser=12").submit("Save")

    assert told() == [
        ("saved over", "“Spring”", "what it finds", "Search: spring", "Advertiser: #12")
    ]


def test_renaming_and_sharing_are_told_by_field(manager_client, manager):
    view = factories.saved_view(manager, name="Before")

    page = get_page(manager_client, f"/views/{view.uuid}")
    page.submit("Save the view", {"name": "After", "is_shared": "y"})

    assert told() == [
        ("changed the view", "“After”", "name", "Before", "After"),
        ("changed the view", "“After”", "shared", "no", "yes"),
    ]


def test_a_form_that_changes_nothing_tells_nothing(manager_client, manager):
    view = factories.saved_view(manager, name="Same", is_shared=True)

    get_page(manager_client, f"/views/{view.uuid}").submit("Save the view")

    assert told() == []


def test_deleting_is_told(manager_client, manager):
    view = factories.saved_view(manager, name="To go", is_shared=True)

    get_page(manager_client, f"/views/{view.uuid}/remove").submit("Delete the view")

    assert told() == [("deleted the view", "“To go”", "what it finds", "Search: spring", None)]


def test_choosing_a_home_view_is_told_once(manager_client, manager):
    page = get_page(manager_client, "/views")
    (form,) = [f for f in page.forms if f.values.get("view") == "mine"]
    page.submit(form)
    page.submit(form)

    assert told() == [("chose a home view", manager.email, "home view", "All", "Mine")]


@pytest.mark.parametrize("word", ["Secret", "hidden"])
def test_a_view_that_is_not_shared_is_told_without_its_name(manager_client, manager, word):
    page = get_page(manager_client, "/views/new?list=q%3Dhidden")
    page = page.submit("Save the view", {"name": "Secret"})
    page = get_page(manager_client, "/views")
    (form,) = [f for f in page.forms if len(f.values.get("view", "")) > len("changed-today")]
    page.submit(form)
    get_page(manager_client, "/views").follow("Delete Secret").submit("Delete the view")

    assert [event[0] for event in told()] == [
        "saved a view",
        "chose a home view",
        "deleted the view",
    ]
    assert not [event for event in told() if word in " ".join(map(str, event))]


def test_what_is_refused_is_not_told(manager_client):
    ann = factories.operator(email="ann@example.com")
    shared = factories.saved_view(ann, name="Ann’s", is_shared=True)

    get_page(manager_client, f"/views/{shared.uuid}/remove").submit("Delete the view")

    assert told() == []
