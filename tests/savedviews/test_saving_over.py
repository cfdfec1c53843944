"""Saving over a view that somebody changed meanwhile: nothing of either is lost."""

from datetime import timedelta

from tests import factories
from tests.support.pages import get_page
from webapp.audit.service import Actor
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.savedviews import queries, service
from webapp.savedviews.models import SavedView

OTHER = Actor("bea@example.com", "web")


def overtaken(manager, **values):
    """A view of the manager's, its changed list, and the view saved over since it was opened."""
    view = factories.saved_view(manager, name="Spring", is_shared=True, **values)
    return view, f"/campaigns?q=mine&view={view.uuid}"


def save_meanwhile(view: SavedView, manager, arguments: dict[str, str]) -> None:
    seen = queries.get_seen(str(view.uuid), manager)
    service.save_over(OTHER, seen, arguments, view.mark)
    db.session.commit()


def kept(view_id: int) -> dict[str, str]:
    db.session.expire_all()
    return db.session.get_one(SavedView, view_id).arguments


def test_a_view_that_was_saved_meanwhile_is_not_saved_over(manager_client, manager):
    view, address = overtaken(manager)
    page = get_page(manager_client, address)
    save_meanwhile(view, manager, {"q": "theirs", "owner": "me"})

    page = page.submit("Save", status=409)

    assert kept(view.id) == {"q": "theirs", "owner": "me"}
    assert page.title.startswith("Error:")
    assert "bea@example.com changed this view" in page.text
    assert page.rows == [["Search", "theirs", "mine"], ["Owner", "me", "–"]]
    assert page.follow("Your list").form("Search").values["q"] == "mine"
    assert page.follow("The list as the view has it now").form("Search").values["q"] == "theirs"


def test_having_seen_both_one_can_save_over_it_all_the_same(manager_client, manager):
    view, address = overtaken(manager)
    page = get_page(manager_client, address)
    save_meanwhile(view, manager, {"q": "theirs"})

    page = page.submit("Save", status=409).submit("Save mine over it")

    assert kept(view.id) == {"q": "mine"}
    assert "is saved as it is now" in page.notices


def test_what_is_seen_on_that_page_can_be_overtaken_too(manager_client, manager):
    view, address = overtaken(manager)
    page = get_page(manager_client, address)
    save_meanwhile(view, manager, {"q": "theirs"})
    page = page.submit("Save", status=409)
    save_meanwhile(view, manager, {"q": "later"})

    page = page.submit("Save mine over it", status=409)

    assert kept(view.id) == {"q": "later"}
    assert page.rows == [["Search", "later", "mine"]]


def test_or_one_keeps_it_as_another_view(manager_client, manager):
    view, address = overtaken(manager)
    page = get_page(manager_client, address)
    save_meanwhile(view, manager, {"q": "theirs"})

    page = page.submit("Save", status=409).follow("Save mine as another view")
    page.submit("Save the view", {"name": "Mine"})

    assert kept(view.id) == {"q": "theirs"}
    assert [each.arguments for each in queries.own_views(manager)][1:] == [{"q": "mine"}]


def test_a_save_that_does_not_say_what_it_was_made_of_is_asked_about(manager_client, manager):
    view, address = overtaken(manager)
    page = get_page(manager_client, address)

    page = page.submit("Save", {"drawn": "yesterday"}, status=409)

    assert kept(view.id) == {"q": "spring"}
    assert "Somebody changed this view" in page.text


def test_a_rename_meanwhile_is_told_as_well(manager_client, manager):
    view, address = overtaken(manager)
    page = get_page(manager_client, address)
    seen = queries.get_seen(str(view.uuid), manager)
    service.rename(OTHER, manager, seen, "Autumn", view.mark, is_shared=True)
    view.changed_at = utc_now() + timedelta(seconds=1)
    db.session.commit()

    page = page.submit("Save", status=409)

    assert page.h1 == "“Autumn” was changed meanwhile"
