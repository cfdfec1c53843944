"""Setting the owner of many campaigns where too many are there to be listed: a name is typed."""

import pytest

from tests import factories
from tests.bulk.desk import Desk
from tests.bulk.pressing import latest_job, press
from tests.support.pages import Page, get_page
from webapp.auth.models import Operator
from webapp.campaigns.named import MOST_LISTED
from webapp.core.db import db

GO_ON = "See what would change"


@pytest.fixture
def people(manager: Operator) -> list[Operator]:
    """With the manager, one more than can be listed."""
    emails = [f"person{number:02}@example.com" for number in range(MOST_LISTED)]
    return [factories.operator(email=email) for email in emails]


@pytest.fixture
def page(desk: Desk, people: list[Operator], manager_client) -> Page:
    job = desk.pick(factories.campaigns(2, owner=people[3]))
    return get_page(manager_client, f"/bulk/{job.uuid}?operation=owner")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("person07", "person07@example.com"),
        ("PERSON07@example.com", "person07@example.com"),
        ("nobody", "nobody"),
        ("me", "manager@example.com"),
    ],
)
def test_one_that_fits_is_meant(page: Page, typed: str, words: str) -> None:
    page = press(page, GO_ON, name=typed)
    assert page.h1 == f"Set the owner to {words}: 2 of 2"


def test_which_of_several_is_asked(page: Page) -> None:
    page = press(page, GO_ON, name="person0", status=422)
    assert "Several owners match “person0”. Press the one that is meant." in page.errors["name"]
    assert latest_job().operation is None

    page = press(page, "person09@example.com")

    assert page.h1 == "Set the owner to person09@example.com: 2 of 2"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Type an owner’s address, or nobody."),
        ({"name": "xyzzy"}, "No owner matches “xyzzy”."),
        ({"name": "xyzzy", "chosen": "2000000000"}, "No owner matches “xyzzy”."),
        ({"name": "", "chosen": "none"}, "Type an owner’s address, or nobody."),
    ],
)
def test_what_names_nobody_is_said_at_its_field(page: Page, typed: dict[str, str], said: str):
    page = press(page, GO_ON, status=422, **typed)
    assert said in page.errors["name"]
    assert latest_job().operation is None


def test_who_has_left_gets_no_more(page: Page, people: list[Operator]) -> None:
    people[5].active = False
    factories.operator(email="another@example.com")
    db.session.commit()

    page = press(page, GO_ON, status=422, name=people[5].email, chosen=str(people[5].id))

    assert "No owner matches “person05@example.com”." in page.errors["name"]


def test_fifty_are_a_list(page: Page, people: list[Operator]) -> None:
    assert page.main.all("select", name="owner") == []
    people[0].active = False
    db.session.commit()

    page = get_page(page.client, page.url)

    [owners] = page.main.all("select", name="owner")
    assert len(owners.all("option")) == MOST_LISTED + 2
