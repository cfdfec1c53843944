"""One call of Megaphone's v1 API as data: method, path template, what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """``about`` is what the call is for, in words that fit after "Megaphone's".

    The path is a template, so that logs name the kind of call and no id. ``collection`` says that
    the path is a list's: there a 404 does not mean that a record is gone.
    """

    method: str
    template: str
    about: str
    collection: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: Mapping[str, object] | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"


CAMPAIGNS = "/organizations/{organization}/campaigns"
CAMPAIGN = "/organizations/{organization}/campaigns/{campaign}"
ADVERTISERS = "/organizations/{organization}/advertisers"
AGENCIES = "/organizations/{organization}/agencies"


def listing(template: str, about: str, query: str) -> Call:
    return Call("GET", template, about, collection=True, query=query)


def one_campaign(campaign_id: str) -> Call:
    return Call("GET", CAMPAIGN, "campaign", ids={"campaign": campaign_id})


def creation(body: Mapping[str, object]) -> Call:
    return Call("POST", CAMPAIGNS, "campaign list", collection=True, body=body)


def update(campaign_id: str, body: Mapping[str, object]) -> Call:
    return Call("PUT", CAMPAIGN, "campaign", ids={"campaign": campaign_id}, body=body)
