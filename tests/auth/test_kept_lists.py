"""A session ends between the list and what shall be done with it: ticks and names are not lost."""

import pytest

from tests import factories
from tests.auth.test_kept_form import SHOW, send_signed_out, sign_in_on
from tests.bulk.desk import Desk
from tests.bulk.pressing import latest_job, press, uuids
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth.models import Operator
from webapp.bulk.models import DRAFT
from webapp.core.db import db
from webapp.savedviews.models import SavedView


@pytest.mark.parametrize("address", ["/views/new?list=q%3Dspring", "/views/{}"])
def test_the_name_of_a_view_is_shown_again(
    manager_client: Client, manager: Operator, address: str
) -> None:
    view = factories.saved_view(manager, name="Before")
    form = get_page(manager_client, address.format(view.uuid))

    page = send_signed_out(
        manager_client, form, {"name": "Typed", "is_shared": "y"}, "Save the view"
    )
    page = sign_in_on(page, manager).submit(SHOW)

    assert page.form("Save the view").values["name"] == "Typed"
    assert not db.session.query(SavedView).filter_by(name="Typed").count()
    page.submit("Save the view")
    assert db.session.query(SavedView).filter_by(name="Typed").one().is_shared


def test_what_was_ticked_leads_to_its_draft(manager_client: Client, manager: Operator) -> None:
    ids = factories.campaigns(3)
    form = get_page(manager_client, "/campaigns")
    manager_client.delete_cookie("flightdeck")

    page = press(form, "Change the ticked", 401, pick=uuids(ids[:2]), operation="archive")
    page = sign_in_on(page, manager).submit(SHOW)

    assert page.h1 == "Archive"
    assert (latest_job().state, latest_job().total) == (DRAFT, 2)


def test_what_was_typed_for_an_operation_is_shown_again(
    manager_client: Client, manager: Operator
) -> None:
    job = Desk(manager).pick(factories.campaigns(1))
    form = get_page(manager_client, f"/bulk/{job.uuid}?operation=title")

    page = send_signed_out(
        manager_client, form, {"find": "Spring", "replacement": "Fall"}, "See what would change"
    )
    page = sign_in_on(page, manager).submit(SHOW)

    values = page.form("See what would change").values
    assert (values["find"], values["replacement"]) == ("Spring", "Fall")
    assert latest_job().operation is None
