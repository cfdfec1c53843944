"""Saved views: kept, found again, told apart from what is shown, shared, renamed and deleted."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import factories
from tests.support.client import signed_in
from tests.support.pages import Page, get_page
from tests.support.statements import count_statements
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.savedviews.models import SavedView
from webapp.savedviews.service import MOST_OWN

CHANGED = "with unsaved changes"


def current(page: Page) -> str:
    (tab,) = page.main.one("nav", **{"aria-label": "Views"}).all("a", **{"aria-current": "page"})
    return tab.text


def tabs(page: Page) -> list[str]:
    return [link.text for link in page.main.one("nav", **{"aria-label": "Views"}).all("a")]


def arguments(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def reloaded(view: SavedView) -> SavedView:
    db.session.expire_all()
    return db.session.get_one(SavedView, view.id)


@pytest.mark.parametrize(
    ("label", "titles"),
    [
        ("All", ["Active", "Bare", "Copy", "Parked"]),
        ("Mine", ["Active"]),
        ("Needs you", ["Parked"]),
        ("No budget", ["Bare"]),
        ("Copy needed", ["Copy"]),
        ("Archived", ["Archived"]),
    ],
)
def test_each_shipped_view_finds_what_its_name_says(manager_client, manager, label, titles):
    factories.campaign(title="Active", budget=(1, "USD"), owner=manager)
    factories.campaign(title="Bare")
    factories.campaign(title="Copy", budget=(1, "USD"), copy_needed=True)
    factories.campaign(title="Parked", budget=(1, "USD"), sync_state="parked")
    factories.campaign(title="Archived", budget=(1, "USD"), archived_at=factories.SOME_DAY)

    page = get_page(manager_client, "/campaigns").follow(label)

    assert sorted(row[0] for row in page.rows) == titles
    assert current(page) == label
    assert CHANGED not in page.text


def test_a_list_is_saved_under_a_name_and_found_again(manager_client):
    factories.campaign(title="Spring")
    factories.campaign(title="Autumn")
    address = "/campaigns?q=spring&sort=title&columns=owner&density=compact&per_page=100&page=1"

    page = get_page(manager_client, address).follow("Save as a view")
    page = page.submit("Save the view", {"name": "Spring ones"})

    assert "Saved as “Spring ones”" in page.notices
    assert current(page) == "Spring ones"
    page = get_page(manager_client, "/campaigns?view=all").follow("Spring ones")
    assert [row[0] for row in page.rows] == ["Spring"]
    shown = arguments(page.url)
    del shown["view"]
    assert shown == {
        "q": "spring",
        "sort": "title",
        "columns": "owner",
        "density": "compact",
        "per_page": "100",
    }


def test_a_view_that_was_changed_can_be_saved_over_or_reset(manager_client, manager):
    view = factories.saved_view(manager, name="Mine alone", arguments={"q": "spring"})
    address = f"/campaigns?q=autumn&view={view.uuid}"

    page = get_page(manager_client, address)
    assert f"“Mine alone” {CHANGED}" in page.text
    assert page.follow("Reset").form("Search").values["q"] == "spring"
    page = page.submit("Save")

    assert reloaded(view).arguments == {"q": "autumn"}
    assert CHANGED not in page.text
    assert current(page) == "Mine alone"


def test_a_shipped_view_can_only_be_saved_as_another(manager_client):
    page = get_page(manager_client, "/campaigns?view=mine&owner=none")

    assert f"“Mine” {CHANGED}" in page.text
    assert "Save as a view" in page.links
    assert not [form for form in page.forms if "Save" in form.buttons]


def test_a_shared_view_is_seen_by_all_and_changed_by_its_owner_alone(client, manager):
    ann = factories.operator(email="ann@example.com")
    shared = factories.saved_view(ann, name="Ann’s", is_shared=True)
    private = factories.saved_view(ann, name="Only Ann’s")
    other = signed_in(client, manager)

    page = get_page(other, "/campaigns").follow("Ann’s")
    assert "Only Ann’s" not in tabs(page)
    changed = get_page(other, f"/campaigns?q=other&view={shared.uuid}")
    assert not [form for form in changed.forms if "Save" in form.buttons]
    assert "Save as a view" in changed.links

    form = changed.form("Sign out").values
    answer = other.post(
        f"/views/{shared.uuid}/save",
        data={"csrf_token": form["csrf_token"], "list": "q=other"},
        follow_redirects=True,
    )
    assert "belongs to ann@example.com" in answer.text
    assert reloaded(shared).arguments == {"q": "spring"}
    get_page(other, f"/views/{private.uuid}", status=404)
    page = get_page(other, f"/views/{shared.uuid}/remove").submit("Delete the view")
    assert "belongs to ann@example.com" in page.notices
    assert reloaded(shared)


def test_what_was_left_behind_by_someone_who_is_gone_can_be_tidied_away(manager_client):
    gone = factories.operator(active=False)
    shared = factories.saved_view(gone, name="Left behind", is_shared=True)

    page = get_page(manager_client, f"/views/{shared.uuid}/remove").submit("Delete the view")

    assert "Left behind" not in page.links


def test_a_viewer_keeps_views_too(viewer_client):
    page = get_page(viewer_client, "/views/new?list=q%3Dspring%26page%3D4%26view%3Dall")
    page = page.submit("Save the view", {"name": "Spring"})

    assert arguments(page.url)["q"] == "spring"
    assert "page" not in arguments(page.url)


def test_the_list_opens_with_the_home_view(manager_client, manager: Operator):
    factories.campaign(title="Mine", owner=manager)
    factories.campaign(title="Other")
    page = get_page(manager_client, "/views")
    (form,) = [f for f in page.forms if f.values.get("view") == "mine"]
    page.submit(form)

    page = get_page(manager_client, "/campaigns")

    assert [row[0] for row in page.rows] == ["Mine"]
    assert current(page) == "Mine"
    assert len(page.follow("All").rows) == 2
    answer = manager_client.get("/campaigns?q=", headers={"HX-Request": "true"})
    assert answer.headers["HX-Push-Url"] == "/campaigns?view=all"


def test_a_home_view_that_is_no_longer_shared_is_no_home(manager_client, manager: Operator):
    view = factories.saved_view(factories.operator())
    manager.home_view = str(view.uuid)

    assert current(get_page(manager_client, "/campaigns")) == "All"


def test_a_view_is_renamed_and_shared(manager_client, manager):
    view = factories.saved_view(manager, name="Before")

    page = get_page(manager_client, f"/views/{view.uuid}")
    page = page.submit("Save the view", {"name": "After", "is_shared": "y"})

    assert "After" in page.links
    assert reloaded(view).is_shared


def test_a_deleted_view_is_nobody_s_home_and_its_address_still_works(manager_client, manager):
    uuid = str(factories.saved_view(manager, name="To go").uuid)
    manager.home_view = uuid
    factories.campaign(title="Spring")

    page = get_page(manager_client, "/views").follow("Delete To go").submit("Delete the view")

    assert "To go" not in page.links
    db.session.expire_all()
    assert manager.home_view is None
    page = get_page(manager_client, f"/campaigns?q=spring&view={uuid}")
    assert "is not there any more" in page.text
    assert [row[0] for row in page.rows] == ["Spring"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("  ", "Give it a name."),
        ("x" * 81, "A name has at most 80 characters."),
        ("TAKEN", "You have a view called “TAKEN” already."),
    ],
)
def test_a_name_that_will_not_do_is_refused_in_words(manager_client, manager, name, problem):
    factories.saved_view(manager, name="Taken")

    page = get_page(manager_client, "/views/new?list=q%3Da")
    page = page.submit("Save the view", {"name": name}, status=422)

    assert problem in page.errors["name"]


def test_nobody_keeps_more_views_than_can_be_looked_over(manager_client, manager):
    for _ in range(MOST_OWN):
        factories.saved_view(manager)

    page = get_page(manager_client, "/views/new?list=q%3Da")
    page = page.submit("Save the view", {"name": "One more"}, status=422)

    assert "Delete one first" in page.errors["name"]


def test_counts_of_all_views_come_after_the_page(manager_client, manager):
    view = factories.saved_view(manager, arguments={"q": "spring"})
    factories.campaign(title="Spring", owner=manager)
    factories.campaigns(3)

    answer = manager_client.get("/campaigns/figures?views=1", headers={"HX-Request": "true"})

    counts = dict(re.findall(r'id="count-([\w-]+)" hx-swap-oob="true">([^<]+)<', answer.text))
    assert counts["all"] == "4"
    assert counts["mine"] == "1"
    assert counts[str(view.uuid)] == "1"
    assert counts["archived"] == "0"


def test_views_cost_one_statement_however_many_there_are(manager_client, manager):
    db.session.commit()
    with count_statements() as few:
        manager_client.get("/campaigns?view=all")
    for _ in range(20):
        factories.saved_view(manager)
    db.session.commit()
    with count_statements() as many:
        manager_client.get("/campaigns?view=all")

    assert len(few) == len(many) <= 8
