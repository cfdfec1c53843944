"""Deleting a view that somebody changed meanwhile: it is asked again, with what was changed."""

import pytest

from tests import factories
from tests.support.pages import get_page
from webapp.audit.service import Actor
from webapp.core.db import db
from webapp.savedviews import queries, record, service
from webapp.savedviews.models import SavedView

OTHER = Actor("bea@example.com", "web")
DELETE = "Delete the view"
ALL_THE_SAME = "Delete it all the same"


@pytest.fixture
def view(manager) -> SavedView:
    return factories.saved_view(manager, name="Spring", is_shared=True)


def opened(client, view: SavedView):
    return get_page(client, f"/views/{view.uuid}/remove")


def change_meanwhile(view: SavedView, manager, arguments: dict[str, str]) -> None:
    seen = queries.get_seen(str(view.uuid), manager)
    service.save_over(OTHER, seen, arguments, view.mark)
    db.session.commit()


def rename_meanwhile(view: SavedView, manager, name: str) -> None:
    seen = queries.get_seen(str(view.uuid), manager)
    service.rename(OTHER, manager, seen, name, view.mark, is_shared=False)
    db.session.commit()


def is_there(view_id: int) -> bool:
    db.session.expire_all()
    return db.session.get(SavedView, view_id) is not None


def test_a_view_that_was_changed_meanwhile_is_not_deleted(manager_client, manager, view):
    page = opened(manager_client, view)
    change_meanwhile(view, manager, {"q": "theirs", "owner": "me"})

    page = page.submit(DELETE, status=409)

    assert is_there(view.id)
    assert page.title.startswith("Error:")
    assert "bea@example.com changed this view" in page.text
    assert page.rows == [["Search", "spring", "theirs"], ["Owner", "–", "me"]]
    found = page.follow("The list as the view has it now")
    assert found.form("Search").values["q"] == "theirs"


def test_having_seen_what_was_changed_one_can_delete_it(manager_client, manager, view):
    page, view_id = opened(manager_client, view), view.id
    change_meanwhile(view, manager, {"q": "theirs"})

    page = page.submit(DELETE, status=409).submit(ALL_THE_SAME)

    assert "“Spring” is deleted" in page.text
    assert not is_there(view_id)


def test_what_is_seen_there_can_be_overtaken_too(manager_client, manager, view):
    page = opened(manager_client, view)
    change_meanwhile(view, manager, {"q": "theirs"})
    page = page.submit(DELETE, status=409)
    rename_meanwhile(view, manager, "Autumn")

    page = page.submit(ALL_THE_SAME, status=409)

    assert is_there(view.id)
    assert page.h1 == "Delete “Autumn” all the same?"
    # Since the page that asked the last time.
    assert page.rows == [["Name", "Spring", "Autumn"], ["Shared", "yes", "no"]]


def test_changed_and_changed_back_it_is_asked_again_as_well(manager_client, manager, view):
    page = opened(manager_client, view)
    change_meanwhile(view, manager, {"q": "theirs"})
    change_meanwhile(view, manager, {"q": "spring"})

    page = page.submit(DELETE, status=409)

    assert "By now it is again as it was" in page.text
    assert is_there(view.id)


@pytest.mark.parametrize("mark", ["", "yesterday", "0001-01-01T00:00:00+23:00"])
def test_a_form_that_does_not_say_of_when_it_is_is_asked_about(manager_client, view, mark):
    page = opened(manager_client, view)

    page = page.submit(DELETE, {"drawn": mark, "opened": ""}, status=409)

    assert is_there(view.id)
    assert ["Search", "–", "spring"] in page.rows


def test_one_that_is_overtaken_stays_home_and_is_not_recorded_as_deleted(
    manager_client, manager, view
):
    manager.home_view = str(view.uuid)
    db.session.commit()
    page = opened(manager_client, view)
    change_meanwhile(view, manager, {"q": "theirs"})

    page.submit(DELETE, status=409)

    db.session.refresh(manager)
    assert manager.home_view == str(view.uuid)
    last = record.last_change(view)
    assert last
    assert last.action == "saved over"
