"""Advertisers and agencies under campaigns: kept though no list has them, and never thinned."""

from typing import Any

import pytest
from sqlalchemy import func, select

from tests.support.statements import count_statements
from tests.sync.conftest import Desk
from webapp.advertisers.models import Advertiser, Agency
from webapp.core.db import db


def advertisers() -> dict[str, Advertiser]:
    db.session.expire_all()
    found = {each.remote_id: each for each in db.session.scalars(select(Advertiser))}
    db.session.rollback()
    return found


def number(model: type[Any]) -> int:
    return db.session.scalar(select(func.count(model.id))) or 0


@pytest.fixture
def unlisted(desk: Desk) -> Desk:
    """An ad server whose lists of advertisers and agencies are empty."""
    desk.sandbox.fault({"action": "empty_list", "path": "advertisers$"})
    desk.sandbox.fault({"action": "empty_list", "path": "agencies$"})
    return desk


def test_campaigns_of_advertisers_in_no_list_have_them_all_the_same(unlisted: Desk) -> None:
    run = unlisted.pull()

    assert (run.state, run.created_count) == ("complete", 40)
    campaign = unlisted.any_campaign()
    there = unlisted.remote(campaign)["advertiser"]
    advertiser = db.session.get_one(Advertiser, campaign.advertiser_id)
    assert (advertiser.remote_id, advertiser.name) == (there["id"], there["name"])
    assert campaign.advertiser_key
    assert number(Agency) > 0
    assert unlisted.pull().unchanged_count == 40


def test_the_full_record_replaces_what_campaigns_said(unlisted: Desk) -> None:
    unlisted.pull()
    before = advertisers()
    assert {each.remote_created_at for each in before.values()} == {None}
    listed = unlisted.sandbox.control("GET", f"advertisers/{next(iter(before))}")
    unlisted.sandbox.clear_faults()

    unlisted.pull()

    after = advertisers()
    assert {key: after[key].id for key in before} == {key: each.id for key, each in before.items()}
    assert None not in {each.remote_created_at for each in after.values()}
    assert after[listed["id"]].competitive_categories == listed["competitiveCategories"]


def test_the_thin_copy_never_blanks_or_renames_a_full_record(synced: Desk) -> None:
    before = {key: full(each) for key, each in advertisers().items()}
    agencies = number(Agency)
    for kind in ("advertisers$", "agencies$"):
        synced.sandbox.fault({"action": "empty_list", "path": kind})
    some = next(iter(before))
    synced.sandbox.control("PUT", f"advertisers/{some}", {"name": "Only in campaigns"})

    synced.pull()

    assert {key: full(each) for key, each in advertisers().items()} == before
    assert number(Agency) == agencies


def test_nothing_is_written_about_advertisers_that_are_known(synced: Desk) -> None:
    synced.edit_in_megaphone(synced.any_campaign(), title="Renamed")

    with count_statements() as statements:
        assert synced.pull().updated_count == 1

    written = ("INSERT INTO advertiser", "UPDATE advertiser", "INSERT INTO agency", "UPDATE agency")
    assert [s for s in statements if s.startswith(written)] == []


def full(advertiser: Advertiser) -> tuple[Any, ...]:
    return (
        advertiser.name,
        advertiser.agency_id,
        advertiser.competitive_categories,
        advertiser.remote_created_at,
    )


def test_an_advertiser_first_met_before_a_write_is_kept_as_well(synced: Desk) -> None:
    campaign = synced.any_campaign()
    made = synced.sandbox.control("POST", "advertisers", {"name": "Met on the way"})
    synced.edit(campaign, title="Ours")
    synced.edit_in_megaphone(campaign, advertiserId=made["id"])

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert db.session.get_one(Advertiser, campaign.advertiser_id).name == "Met on the way"
    assert campaign.sync_state == "confirmed"


def test_an_advertiser_that_has_no_name_anywhere_leaves_ours_as_it_is(synced: Desk) -> None:
    campaign = synced.any_campaign()
    advertiser_id = campaign.advertiser_id
    row = synced.remote(campaign) | {"title": "Renamed", "advertiserId": "x-1", "advertiser": None}
    synced.list_instead([row])

    synced.pull()

    after = synced.campaign(id=campaign.id)
    assert (after.title, after.advertiser_id) == ("Renamed", advertiser_id)


def test_an_agency_that_becomes_visible_later_is_linked(desk: Desk) -> None:
    desk.sandbox.fault({"action": "status", "status": 403, "path": "agencies$"})
    desk.sandbox.fault({"action": "empty_list", "path": "campaigns$"})
    desk.pull()
    assert {each.agency_id for each in advertisers().values()} == {None}
    desk.sandbox.clear_faults()

    desk.pull()

    assert {each.agency_id for each in advertisers().values()} != {None}
