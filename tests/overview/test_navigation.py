"""The rail around every page: where one is, and what waits."""

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", "Overview"),
        ("/campaigns", "Campaigns"),
        ("/needs-you", "Needs you"),
        ("/changes", "Changes"),
        ("/campaigns?sync=refused", "Campaigns"),
        ("/advertisers", "Advertisers"),
        ("/bulk", "Bulk changes"),
        ("/views", "Campaigns"),
        ("/sync", "Sync"),
        ("/timeline", "Timeline"),
    ],
)
def test_the_rail_marks_where_one_is(viewer_client, path, current):
    nav = get_page(viewer_client, path).root.one("nav", **{"aria-label": "Main"})

    assert [link.text for link in nav.all("a") if link.has("aria-current")] == [current]


def test_every_place_has_a_letter_of_its_own(viewer_client):
    nav = get_page(viewer_client, "/").root.one("nav", **{"aria-label": "Main"})
    letters = [link["data-go"] for link in nav.all("a")]

    assert len(set(letters)) == len(letters) > 5


def test_fragments_and_scripts_do_not_pay_for_the_rail(viewer_client):
    uuid = factories.campaign().uuid
    token = factories.api_token()
    # The first request of a token takes more for those to come.
    viewer_client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})

    with count_statements() as fragment:
        viewer_client.get(f"/campaigns/{uuid}/sync", headers={"HX-Request": "true"})
    with count_statements() as script:
        viewer_client.get(f"/api/v1/campaigns/{uuid}", headers={"Authorization": f"Bearer {token}"})

    # Who asks; the campaign, its events, its changes, its conflicts.
    assert len(fragment) <= 5
    assert len(script) <= 5


def test_a_page_that_may_not_be_seen_still_has_the_rail(viewer_client):
    page = get_page(viewer_client, "/campaigns/new", status=403)

    assert "Overview" in page.links
