"""Reading campaigns: the list, and what belongs to one of them."""

from tests import factories
from webapp.campaigns import queries


def test_the_list_counts_every_campaign(db_session):
    factories.campaigns(3)

    page = queries.list_campaigns(queries.CAMPAIGNS.parse({}))

    assert (page.total, len(page.items)) == (3, 3)
