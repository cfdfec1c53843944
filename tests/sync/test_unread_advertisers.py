"""What a run's page says of advertisers that could not be read."""

from tests import factories
from tests.support.pages import get_page


def test_what_was_wrong_with_the_advertisers_is_none_of_the_campaigns_set_aside(viewer_client):
    run = factories.sync_run(
        read_count=2,
        set_aside_count=2,
        set_aside=[
            {"id": None, "reason": "1 row could not be read.", "advertisers": 1},
            {"id": "abc-1", "reason": "Its title is empty."},
        ],
    )

    page = get_page(viewer_client, f"/sync/{run.id}")

    assert "– 1 row could not be read. abc-1 Its title is empty." in " ".join(page.text.split())
    assert "And 1 more, whose reasons are not kept." in page.text
