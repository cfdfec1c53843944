"""Renaming a view that somebody changed meanwhile: the second is told, and nothing is lost."""

import pytest

from tests import factories
from tests.auth.test_kept_form import SHOW, send_signed_out, sign_in_on
from tests.support.pages import get_page
from webapp.audit.service import Actor
from webapp.core.db import db
from webapp.savedviews import queries, service
from webapp.savedviews.models import SavedView

OTHER = Actor("bea@example.com", "web")
OVER = "Save mine over it"


@pytest.fixture
def view(manager):
    return factories.saved_view(manager, name="Spring", is_shared=True)


def opened(client, view: SavedView):
    return get_page(client, f"/views/{view.uuid}")


def kept(view: SavedView) -> tuple[str, bool]:
    db.session.expire_all()
    found = db.session.get_one(SavedView, view.id)
    return found.name, found.is_shared


def rename_meanwhile(view: SavedView, manager, name: str) -> None:
    seen = queries.get_seen(str(view.uuid), manager)
    service.rename(OTHER, manager, seen, name, view.mark, is_shared=True)
    db.session.commit()


def test_a_rename_meanwhile_is_not_written_over(manager_client, manager, view):
    page = opened(manager_client, view)
    rename_meanwhile(view, manager, "Autumn")

    page = page.submit("Save the view", {"name": "Summer", "is_shared": ""}, status=409)

    assert kept(view) == ("Autumn", True)
    assert page.title.startswith("Error:")
    assert "bea@example.com changed this view" in page.text
    assert "It is “Autumn” now, shared with every operator" in page.text
    assert page.form(OVER).values["name"] == "Summer"
    page = page.submit(OVER)
    assert kept(view) == ("Summer", False)
    assert "Summer" in page.links


def test_what_it_finds_meanwhile_is_told_before_it_is_renamed(manager_client, manager, view):
    page = opened(manager_client, view)
    seen = queries.get_seen(str(view.uuid), manager)
    service.save_over(OTHER, seen, {"q": "theirs"}, view.mark)
    db.session.commit()

    page = page.submit("Save the view", {"name": "Summer"}, status=409)

    assert "finds Search: theirs" in page.text
    assert kept(view) == ("Spring", True)


def test_what_is_seen_there_can_be_overtaken_too(manager_client, manager, view):
    page = opened(manager_client, view)
    rename_meanwhile(view, manager, "Autumn")
    page = page.submit("Save the view", {"name": "Summer"}, status=409)
    rename_meanwhile(view, manager, "Winter")

    page = page.submit(OVER, status=409)

    assert "It is “Winter” now" in page.text
    assert page.form(OVER).values["name"] == "Summer"
    assert kept(view) == ("Winter", True)


def test_a_form_that_was_refused_for_its_name_is_still_of_when_it_was_opened(
    manager_client, manager, view
):
    page = opened(manager_client, view).submit("Save the view", {"name": ""}, status=422)
    rename_meanwhile(view, manager, "Autumn")

    page.submit("Save the view", {"name": "Summer"}, status=409)

    assert kept(view) == ("Autumn", True)


def test_a_session_that_ends_in_between_does_not_make_it_newer(manager_client, manager, view):
    page = opened(manager_client, view)
    rename_meanwhile(view, manager, "Autumn")

    page = send_signed_out(manager_client, page, {"name": "Summer"}, "Save the view")
    page = sign_in_on(page, manager).submit(SHOW)

    page.submit("Save the view", status=409)
    assert kept(view) == ("Autumn", True)


def test_pressed_twice_it_is_renamed_once(manager_client, view):
    page = opened(manager_client, view)

    for _ in range(2):
        page.submit("Save the view", {"name": "Summer"})

    assert kept(view) == ("Summer", True)


@pytest.mark.parametrize("mark", ["", "yesterday", "0001-01-01T00:00:00+23:00"])
def test_a_form_that_does_not_say_of_when_it_is_is_asked_about(manager_client, view, mark):
    page = opened(manager_client, view)

    page.submit("Save the view", {"name": "Summer", "mark": mark}, status=409)

    assert kept(view) == ("Spring", True)
