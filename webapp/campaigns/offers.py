"""What the lists of a form offer: advertisers and owners, and the campaign's own among them."""

from collections.abc import Iterable, Sequence

from webapp.advertisers import queries as advertisers
from webapp.auth import queries as operators
from webapp.campaigns.forms import Offered
from webapp.campaigns.models import Campaign
from webapp.campaigns.named import MOST_LISTED as MOST_OWNERS

# More than this is no list to pick from: without scripts, advertisers are searched for first.
MOST_LISTED = 500
MOST_FOUND = 50

Choices = Sequence[tuple[int, str]]


def choices_with_own(campaign: Campaign) -> Offered:
    """All there is to pick from, and what the campaign has where that is not listed."""
    own = advertisers.choice_of(campaign.advertiser_id)
    people = operators.operator_choices()
    return Offered(_with(advertisers.advertiser_choices(), own), _owners(campaign, people))


def offered(campaign: Campaign | None, search: str, chosen: int | None) -> Offered:
    """For the form page: of very many advertisers those that match ``search``, and the chosen."""
    own = campaign.advertiser_id if campaign else None
    kept = [*advertisers.choice_of(own), *(advertisers.choice_of(chosen) if chosen != own else ())]
    found: Choices = advertisers.advertiser_choices(MOST_LISTED + 1)
    is_many = len(found) > MOST_LISTED
    if is_many:
        found = advertisers.suggest(search, MOST_FOUND) if search else []
    people = operators.operator_choices()
    owners = _owners(campaign, people) if len(people) <= MOST_OWNERS else None
    return Offered(_with(found, kept), owners, is_many=is_many)


def _owners(campaign: Campaign | None, people: Choices) -> Choices:
    own = operators.emails_of([campaign.owner_id if campaign else None])
    return _with(people, own.items())


def _with(found: Choices, own: Iterable[tuple[int, str]]) -> Choices:
    listed = {id_ for id_, _ in found}
    return [*found, *((id_, words) for id_, words in own if id_ not in listed)]
