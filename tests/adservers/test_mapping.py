"""Megaphone's rows as our records and back: every field, and every way a row can be unreadable."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.adservers.connecting import ADVERTISER_ID, campaign_row
from webapp.adservers.errors import Unsupported
from webapp.adservers.megaphone.mapping import (
    UPDATE_FIELDS,
    UnreadableRow,
    field_begun_with,
    field_called,
    patch_to_wire,
    read_advertiser,
    read_agency,
    read_campaign,
    read_rows,
    spec_to_wire,
)
from webapp.adservers.types import (
    BadRow,
    CampaignSpec,
    RemoteAdvertiser,
    RemoteAgency,
    RemoteCampaign,
)
from webapp.core.money import Money

CREATED = datetime(2025, 3, 27, 13, 56, 42, 529_000, tzinfo=UTC)


def test_every_campaign_field_is_read() -> None:
    row = campaign_row(7, bookingSource="api")
    assert read_campaign(row) == RemoteCampaign(
        id="00000007-1a9f-11f0-b531-1b59096fa63d",
        title="Spring launch 7",
        advertiser_id=ADVERTISER_ID,
        advertiser=read_campaign(row).advertiser,
        external_id="IO-7",
        total_budget_minor=1_000_007,
        total_budget_currency="USD",
        total_revenue_minor=0,
        total_revenue_currency="USD",
        duration_seconds=86_400,
        copy_needed=True,
        booking_source="api",
        created_at=CREATED,
        updated_at=datetime(2025, 3, 28, 1, tzinfo=UTC),
        raw=row,
    )


def test_a_bare_campaign_has_none_for_what_is_left_out() -> None:
    campaign = read_campaign({"id": "a-1", "title": "T"})
    assert replace(campaign, raw={}) == RemoteCampaign("a-1", "T", *[None] * 12, raw={})


def test_null_is_the_same_as_left_out() -> None:
    row = dict.fromkeys(campaign_row(), None) | {"id": "a-1", "title": "T"}
    assert replace(read_campaign(row), raw={}) == replace(
        read_campaign({"id": "a-1", "title": "T"}), raw={}
    )


def test_the_advertiser_within_a_campaign_is_read_with_its_agency() -> None:
    found = read_campaign(campaign_row()).advertiser

    assert found is not None
    assert (found.id, found.name) == (ADVERTISER_ID, "Müller Kaffee")
    assert (found.agency_id, found.agency_name) == ("6d0a3a7e-1a9f-11f0-b531-1b59096fa63d", "North")


ODD_ADVERTISERS = {
    "text": "Müller",
    "empty": {},
    "no name": {"id": ADVERTISER_ID},
    "a number": {"id": ADVERTISER_ID, "name": 5},
    "an odd agency": {"id": ADVERTISER_ID, "name": "M", "agency": {"id": []}},
}


@pytest.mark.parametrize("odd", ODD_ADVERTISERS.values(), ids=ODD_ADVERTISERS)
def test_a_campaign_is_good_without_a_usable_advertiser_in_it(odd: object) -> None:
    campaign = read_campaign(campaign_row(advertiser=odd))

    assert campaign.advertiser is None


def test_an_emptied_external_id_is_none() -> None:
    assert read_campaign(campaign_row(externalId="")).external_id is None


@pytest.mark.parametrize("text", [" IO-1 ", "Ünï-✓", "io-1", "0"])
def test_an_external_id_is_kept_to_the_letter(text: str) -> None:
    assert read_campaign(campaign_row(externalId=text)).external_id == text


def test_yen_are_their_own_minor_unit() -> None:
    row = campaign_row(totalBudgetCents=5000, totalBudgetCurrency="JPY")
    campaign = read_campaign(row)
    assert (campaign.total_budget_minor, campaign.total_budget_currency) == (5000, "JPY")
    assert patch_to_wire({"total_budget": Money(5000, "JPY")}) == {
        "totalBudgetCents": 5000,
        "totalBudgetCurrency": "JPY",
    }


def test_times_of_another_zone_become_utc() -> None:
    campaign = read_campaign(campaign_row(createdAt="2025-03-27T15:56:42.529+02:00"))
    assert campaign.created_at == CREATED
    assert campaign.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "row",
    [
        {"advertiser": {"id": ADVERTISER_ID, "name": "x"}},
        {"advertiserId": ADVERTISER_ID},
        {"advertiserId": ADVERTISER_ID, "advertiser": None},
        {"advertiserId": ADVERTISER_ID, "advertiser": {"name": "x"}},
    ],
)
def test_the_advertiser_is_found_embedded_or_by_its_id(row: dict[str, object]) -> None:
    assert read_campaign({"id": "a", "title": "T"} | row).advertiser_id == ADVERTISER_ID


def test_every_advertiser_field_is_read() -> None:
    row = {
        "id": "ad-1",
        "name": "珈琲",
        "agencyId": "ag-1",
        "competitiveCategories": "Coffee",
        "createdAt": "2025-03-27T13:56:42.529Z",
        "updatedAt": "2025-03-27T13:56:42.529Z",
    }
    expected = RemoteAdvertiser("ad-1", "珈琲", "ag-1", None, "Coffee", CREATED, CREATED, row)
    assert read_advertiser(row) == expected
    embedded = row | {"agencyId": None, "agency": {"id": "ag-1", "name": "North"}}
    assert read_advertiser(embedded) == replace(expected, agency_name="North", raw=embedded)


def test_categories_may_come_as_a_list() -> None:
    row = {"id": "a", "name": "n", "competitiveCategories": ["Coffee", "Tea"]}
    assert read_advertiser(row).competitive_categories == "Coffee, Tea"


def test_every_agency_field_is_read() -> None:
    row = {"id": "ag-1", "name": "North", "externalId": "N1", "createdAt": None, "ein": "12"}
    assert read_agency(row) == RemoteAgency("ag-1", "North", "N1", None, None, row)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "Its id is missing."),
        ({"id": 12}, "Its id is not an id."),
        ({"id": "../advertisers"}, "Its id is not an id."),
        ({"id": "a" * 65}, "Its id is not an id."),
        ({"title": None}, "Its title is missing."),
        ({"title": 5}, "Its title is not text."),
        ({"title": "a\x00b"}, "Its title holds a NUL character."),
        ({"title": "a\ud800"}, "Its title holds half a character."),
        ({"advertiser": None, "advertiserId": 4}, "Its advertiserId is not an id."),
        ({"externalId": ["x"]}, "Its externalId is not text."),
        ({"totalBudgetCents": "100"}, "Its totalBudgetCents is not a whole number."),
        ({"totalBudgetCents": 1.5}, "Its totalBudgetCents is not a whole number."),
        ({"totalBudgetCents": True}, "Its totalBudgetCents is not a whole number."),
        ({"totalBudgetCents": -1}, "Its totalBudgetCents is negative or too large."),
        ({"totalBudgetCents": 10**40}, "Its totalBudgetCents is negative or too large."),
        ({"totalBudgetCurrency": "DOLLAR"}, "Its totalBudgetCurrency is not a currency code."),
        ({"totalRevenueCents": {}}, "Its totalRevenueCents is not a whole number."),
        ({"durationInSeconds": -5}, "Its durationInSeconds is not a number of seconds."),
        ({"copyNeeded": "yes"}, "Its copyNeeded is neither true nor false."),
        ({"createdAt": "yesterday"}, "Its createdAt is not a time."),
        ({"createdAt": 1743083802}, "Its createdAt is not a time."),
        ({"createdAt": "2025-03-27"}, "Its createdAt is a time without its zone."),
        ({"createdAt": "0001-01-01T00:00:00+14:00"}, "Its createdAt is not a time."),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_with_its_reason(
    changes: dict[str, object], reason: str
) -> None:
    good, bad = campaign_row(1), campaign_row(2, **changes)
    items, bad_rows = read_rows([good, bad], read_campaign)
    assert [item.id for item in items] == [good["id"]]
    assert bad_rows == [BadRow(None if "id" in changes else str(bad["id"]), reason)]


@pytest.mark.parametrize("row", [None, 5, "text", [], [{}]])
def test_a_row_that_is_no_record_is_set_aside(row: object) -> None:
    assert read_rows([row], read_campaign)[1] == [BadRow(None, "The row is not a record.")]


def test_one_record_that_cannot_be_read_says_why() -> None:
    with pytest.raises(UnreadableRow, match="title is missing"):
        read_campaign({"id": "a"})


def test_a_patch_names_only_what_it_changes() -> None:
    assert patch_to_wire({"title": "New"}) == {"title": "New"}
    assert patch_to_wire(
        {"advertiser_id": "a", "external_id": None, "copy_needed": False, "total_budget": None}
    ) == {
        "advertiserId": "a",
        "externalId": None,
        "copyNeeded": False,
        "totalBudgetCents": None,
        "totalBudgetCurrency": None,
    }


@pytest.mark.parametrize("name", ["duration_seconds", "totalBudgetCents", "total_budget_minor"])
def test_a_field_that_cannot_be_written_is_refused_before_anything_is_sent(name: str) -> None:
    with pytest.raises(Unsupported):
        patch_to_wire({name: 5})


def test_a_budget_that_is_no_money_is_refused() -> None:
    with pytest.raises(Unsupported):
        patch_to_wire({"total_budget": 500})


def test_a_new_campaign_leaves_out_what_it_does_not_say() -> None:
    assert spec_to_wire(CampaignSpec("T", "a"), None) == {"title": "T", "advertiserId": "a"}


def test_a_new_campaign_carries_its_marker_as_external_id() -> None:
    spec = CampaignSpec("T", "a", "IO-1", 0, "EUR", copy_needed=False)
    assert spec_to_wire(spec, "fd-abc") == {
        "title": "T",
        "advertiserId": "a",
        "externalId": "fd-abc",
        "totalBudgetCents": 0,
        "totalBudgetCurrency": "EUR",
        "copyNeeded": False,
    }
    assert spec_to_wire(spec, None)["externalId"] == "IO-1"


def test_what_is_written_is_what_is_read() -> None:
    spec = CampaignSpec("夏の広告", "adv-1", "IO-9", 12_345, "KWD", copy_needed=True)
    campaign = read_campaign({"id": "x", **json.loads(json.dumps(spec_to_wire(spec, None)))})
    for name in CampaignSpec.__dataclass_fields__:
        assert getattr(campaign, name) == getattr(spec, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("title", "title"),
        ("advertiserId", "advertiser_id"),
        ("advertiser_id", "advertiser_id"),
        ("advertiser", "advertiser_id"),
        ("externalId", "external_id"),
        ("total_budget_cents", "total_budget"),
        ("totalBudgetCents", "total_budget"),
        ("totalBudgetCurrency", "total_budget_currency"),
        ("copyNeeded", "copy_needed"),
        ("organization", None),
        ("", None),
    ],
)
def test_megaphones_name_of_a_field_is_understood(text: str, name: str | None) -> None:
    assert field_called(text) == name


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Title can't be blank", "title"),
        ("Titles are odd", None),
        ("Advertiser must exist", "advertiser_id"),
        ("Total budget currency is not included in the list", "total_budget_currency"),
        ("Total budget cents must be greater than or equal to 0", "total_budget"),
        ("external_id has already been taken", "external_id"),
        ("Something else", None),
    ],
)
def test_the_field_a_sentence_begins_with_is_understood(sentence: str, name: str | None) -> None:
    assert field_begun_with(sentence) == name


def test_only_what_can_be_written_is_declared() -> None:
    assert {
        "title", "advertiser_id", "external_id", "total_budget", "copy_needed"
    } == UPDATE_FIELDS  # fmt: skip
