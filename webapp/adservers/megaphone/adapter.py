"""Megaphone's v1 campaign interface behind ``AdServer``.

Megaphone announced the end of these v1 endpoints for 14 July 2026. What they answer since is not
known publicly, so a 404 or 410 on a list is taken as a changed contract and never as an empty one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Self, TypeVar

from webapp.adservers.errors import (
    AGAIN,
    AdServerError,
    NotFound,
    OutcomeUnknown,
    Unavailable,
)
from webapp.adservers.megaphone import calls, failures, mapping, paging
from webapp.adservers.megaphone.calls import Call
from webapp.adservers.megaphone.client import MegaphoneClient, Reply
from webapp.adservers.types import (
    Archive,
    CampaignPatch,
    CampaignSpec,
    Capabilities,
    CheckResult,
    MarkerMode,
    MarkerSearch,
    Priority,
    RemoteAdvertiser,
    RemoteAgency,
    RemoteCampaign,
    RemotePage,
)
from webapp.adservers.walk import Walk

T = TypeVar("T")

# [inferred]: that the external id can be written and is kept, and that the advertiser can change.
CAPABILITIES = Capabilities(
    label="Megaphone (v1)",
    create_campaign=True,
    update_fields=mapping.UPDATE_FIELDS,
    immutable_fields=frozenset(),
    archive=Archive.LOCAL_ONLY,
    delete=False,
    budget_kinds=frozenset({"total"}),
    marker=MarkerMode.STORED,
    native_idempotency=False,
    lists_advertisers=True,
    needs_advertiser_on_create=True,
    page_size=paging.PAGE_SIZE,
    requests_per_minute=60,
)


class Megaphone:
    """One organisation of Megaphone. For one thread at a time."""

    platform = "megaphone"

    def __init__(
        self,
        client: MegaphoneClient,
        capabilities: Capabilities = CAPABILITIES,
        priority: Priority = Priority.PULL,
    ) -> None:
        self._client = client
        self._priority = priority
        self.capabilities = capabilities

    def with_priority(self, priority: Priority) -> Self:
        return type(self)(self._client, self.capabilities, priority)

    def check(self) -> CheckResult:
        smallest = paging.first_cursor(1)
        advertisers = self.list_advertisers(smallest).total
        first = self.list_campaigns(smallest)
        # Old records may look otherwise than new ones.
        others = paging.first_middle_last(first.total)[1:]
        pages = [first, *(self.list_campaigns(cursor) for cursor in others)]
        return CheckResult(
            advertisers,
            first.total,
            looked_at=sum(len(page.items) + len(page.bad_rows) for page in pages),
            unreadable=tuple(row.reason for page in pages for row in page.bad_rows),
        )

    def list_agencies(self, cursor: str | None = None) -> RemotePage[RemoteAgency]:
        return self._list(calls.AGENCIES, "agency list", cursor, mapping.read_agency)

    def list_advertisers(self, cursor: str | None = None) -> RemotePage[RemoteAdvertiser]:
        return self._list(calls.ADVERTISERS, "advertiser list", cursor, mapping.read_advertiser)

    def list_campaigns(self, cursor: str | None = None) -> RemotePage[RemoteCampaign]:
        return self._list(calls.CAMPAIGNS, "campaign list", cursor, mapping.read_campaign)

    def cursor_at(self, page: int, per_page: int) -> str:
        return paging.cursor_at(page, min(per_page, paging.PAGE_SIZE))

    def get_campaign(self, campaign_id: str) -> RemoteCampaign:
        _require_id(campaign_id)
        call = calls.one_campaign(campaign_id)
        return self._client.send(call, self._priority, lambda it: _campaign(call, it, campaign_id))

    def create_campaign(
        self, spec: CampaignSpec, marker: str | None, within: float | None = None
    ) -> RemoteCampaign:
        call = calls.creation(mapping.spec_to_wire(spec, marker))
        return self._client.send(call, self._priority, lambda it: _campaign(call, it, None), within)

    def update_campaign(
        self, campaign_id: str, patch: CampaignPatch, within: float | None = None
    ) -> RemoteCampaign:
        _require_id(campaign_id)
        call = calls.update(campaign_id, mapping.patch_to_wire(patch))
        changed = self._client.send(
            call,
            self._priority,
            lambda it: None if it.status == 204 else _campaign(call, it, campaign_id),
            within,
        )
        return self._read_back(campaign_id) if changed is None else changed

    def find_by_marker(
        self, marker: str, on_page: Callable[[], None] | None = None
    ) -> MarkerSearch:
        walk = Walk(self.list_campaigns, noun="campaigns")
        found: list[RemoteCampaign] = []
        for page in walk:
            found += [each for each in page.items if each.external_id == marker]
            if on_page is not None:
                on_page()
        return MarkerSearch(found, walk.complete, walk.problem, walk.distinct)

    def _list(
        self, template: str, about: str, cursor: str | None, read: Callable[[object], T]
    ) -> RemotePage[T]:
        cursor = cursor or paging.first_cursor()
        call = calls.listing(template, about, cursor)
        return self._client.send(call, self._priority, lambda it: _page(call, it, read))

    def _read_back(self, campaign_id: str) -> RemoteCampaign:
        """The values after a write that was confirmed without them."""
        try:
            return self.get_campaign(campaign_id)
        except AdServerError as error:
            status, request_id = error.status, error.request_id
        raise OutcomeUnknown(
            "Megaphone took the change, but what it made of it could not be read. "
            f"{failures.LOOK_FIRST}",
            status=status,
            request_id=request_id,
        )


def _require_id(campaign_id: str) -> None:
    if not mapping.is_id(campaign_id):
        raise NotFound("Megaphone has no campaign of this id: it is not an id of Megaphone's.")


def _page(call: Call, reply: Reply, read: Callable[[object], T]) -> RemotePage[T]:
    if not isinstance(reply.value, list):
        raise failures.misshapen(call, reply.known)
    items, bad_rows = mapping.read_rows(reply.value, read)
    following = paging.next_cursor(reply.url, call.query, reply.headers, len(reply.value))
    return RemotePage(items, bad_rows, following, paging.total(reply.headers), reply.value)


def _campaign(call: Call, reply: Reply, expected_id: str | None) -> RemoteCampaign:
    """The campaign in an answer, which must be the one that was asked for."""
    if not isinstance(reply.value, dict):
        raise failures.misshapen(call, reply.known)
    try:
        campaign = mapping.read_campaign(reply.value)
    except mapping.UnreadableRow as error:
        problem = str(error)
    else:
        if expected_id is None or campaign.id == expected_id:
            return campaign
        problem = "It is of another campaign."
    words = f"Megaphone's record of this campaign cannot be used. {problem}"
    if call.writes:
        raise OutcomeUnknown(f"{words} {failures.LOOK_FIRST}", **reply.known)
    raise Unavailable(f"{words} {AGAIN}", **reply.known)


def with_rate(requests_per_minute: int) -> Capabilities:
    return replace(CAPABILITIES, requests_per_minute=requests_per_minute)
