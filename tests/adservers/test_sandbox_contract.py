"""The client and the stand-in Megaphone agree, over a real socket, also when it misbehaves."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adservers.connecting import Connected, connected
from tests.sandbox.caller import wait_for
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.adservers import errors
from webapp.adservers.base import AdServer
from webapp.adservers.types import CampaignSpec, RemoteCampaign, RemotePage
from webapp.adservers.walk import Walk
from webapp.core.http import Limits
from webapp.core.money import Money
from webapp.core.ratelimit import RateLimiter

CAMPAIGNS, ADVERTISERS, AGENCIES = 1200, 40, 7
PATIENT = Limits(connect=60, read=60, total=120)
# For an answer that does not come. The first byte of what is asked leaves long before.
HURRIED = Limits(connect=60, read=1, total=3)
UNKNOWN_ID = "9a22ee30-1a9f-11f0-b531-1b59096fa63d"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = start_sandbox(
        Path(tmp_path_factory.mktemp("contract")),
        campaigns=CAMPAIGNS,
        advertisers=ADVERTISERS,
        agencies=AGENCIES,
    )
    with started as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    running.clear_faults()
    running.settings(
        post_status=201, validation_shape="error", agency_in_advertiser="id",
        requests_per_minute=0, retry_after=None,
    )  # fmt: skip


@pytest.fixture
def connection(sandbox: Sandbox) -> Iterator[Connected]:
    with connected_to(sandbox, PATIENT) as made:
        yield made


@pytest.fixture
def hurried(sandbox: Sandbox) -> Iterator[Connected]:
    with connected_to(sandbox, HURRIED) as made:
        yield made


def connected_to(sandbox: Sandbox, limits: Limits) -> AbstractContextManager[Connected]:
    organization, token = sandbox.organization, sandbox.token
    return connected(sandbox.base_url, token=token, organization=organization, limits=limits)


@pytest.fixture
def megaphone(connection: Connected) -> AdServer:
    return connection.server


@pytest.fixture
def advertiser_id(megaphone: AdServer) -> str:
    return megaphone.list_advertisers().items[0].id


@pytest.fixture
def campaign(megaphone: AdServer, advertiser_id: str) -> RemoteCampaign:
    return megaphone.create_campaign(CampaignSpec("Before", advertiser_id), "fd-base")


def walk_campaigns(megaphone: AdServer) -> Walk[RemoteCampaign]:
    return Walk(megaphone.list_campaigns, noun="campaigns").read_all()


def creates_with(sandbox: Sandbox, marker: str) -> int:
    return sum(marker in json.dumps(each) for each in sandbox.applied_writes())


def test_every_record_is_listed_and_read(
    sandbox: Sandbox, connection: Connected, megaphone: AdServer
) -> None:
    total = sandbox.control("GET", "")["campaigns"]
    walk = walk_campaigns(megaphone)
    assert (walk.complete, walk.problem) == (True, None)
    assert walk.distinct == walk.total == total
    assert walk.pages == -(-total // 500)
    advertisers = Walk(megaphone.list_advertisers).read_all()
    agencies = Walk(megaphone.list_agencies).read_all()
    assert (advertisers.complete, advertisers.distinct) == (True, ADVERTISERS)
    assert (agencies.complete, agencies.distinct) == (True, AGENCIES)
    assert {record.outcome for record in connection.log} == {"ok"}
    assert all(record.received_bytes > 1000 for record in connection.log)


def test_a_check_tells_how_much_there_is_to_see(megaphone: AdServer, sandbox: Sandbox) -> None:
    result = megaphone.check()
    assert result.advertisers == ADVERTISERS
    assert result.campaigns == sandbox.control("GET", "")["campaigns"]


@pytest.mark.parametrize("shape", ["id", "embedded", "both"])
def test_an_advertisers_agency_is_known_however_it_is_given(
    sandbox: Sandbox, megaphone: AdServer, shape: str
) -> None:
    sandbox.settings(agency_in_advertiser=shape)
    agencies = {agency.id for agency in megaphone.list_agencies().items}
    given = [advertiser.agency_id for advertiser in megaphone.list_advertisers().items]
    assert set(filter(None, given)) <= agencies
    assert any(given)


@pytest.mark.parametrize("status", [200, 201])
def test_a_campaign_is_created_changed_cleared_and_read_back(
    sandbox: Sandbox, megaphone: AdServer, advertiser_id: str, status: int
) -> None:
    sandbox.settings(post_status=status)
    spec = CampaignSpec("夏の広告 ☀", advertiser_id, "IO-9", 5000, "JPY", copy_needed=True)
    made = megaphone.create_campaign(spec, None)
    for name in CampaignSpec.__dataclass_fields__:
        assert getattr(made, name) == getattr(spec, name), name

    changed = megaphone.update_campaign(
        made.id, {"title": "Winter", "total_budget": Money(700, "KWD"), "copy_needed": False}
    )
    assert changed.title == "Winter"
    assert (changed.total_budget_minor, changed.total_budget_currency) == (700, "KWD")
    assert (changed.copy_needed, changed.external_id) == (False, "IO-9")

    cleared = megaphone.update_campaign(made.id, {"total_budget": None, "external_id": None})
    assert (cleared.total_budget_minor, cleared.external_id) == (None, None)
    assert cleared.title == "Winter"
    assert replace(megaphone.get_campaign(made.id), raw={}) == replace(cleared, raw={})


def test_a_zero_budget_is_a_budget(megaphone: AdServer, advertiser_id: str) -> None:
    made = megaphone.create_campaign(CampaignSpec("Z", advertiser_id, None, 0, "USD"), None)
    assert made.total_budget_minor == 0


@pytest.mark.parametrize("shape", ["error", "fields", "list"])
def test_a_refusal_is_told_at_its_fields(
    sandbox: Sandbox, megaphone: AdServer, campaign: RemoteCampaign, shape: str
) -> None:
    sandbox.settings(validation_shape=shape)
    with pytest.raises(errors.Rejected) as caught:
        megaphone.create_campaign(CampaignSpec("", UNKNOWN_ID), "fd-refused")
    assert set(caught.value.field_errors) == {"title", "advertiser_id"}
    with pytest.raises(errors.Rejected) as caught:
        megaphone.update_campaign(campaign.id, {"total_budget": Money(-5, "USD")})
    assert set(caught.value.field_errors) == {"total_budget"}
    assert creates_with(sandbox, "fd-refused") == 0


def test_a_campaign_that_is_not_there_is_not_found(megaphone: AdServer) -> None:
    for act in (
        lambda: megaphone.get_campaign(UNKNOWN_ID),
        lambda: megaphone.update_campaign(UNKNOWN_ID, {"title": "N"}),
    ):
        with pytest.raises(errors.NotFound):
            act()


def test_a_wrong_token_is_told(sandbox: Sandbox) -> None:
    organization = sandbox.organization
    wrong = connected(sandbox.base_url, token="wrong", organization=organization)
    with wrong as made, pytest.raises(errors.AuthFailed) as caught:
        made.server.check()
    assert caught.value.request_id
    assert "wrong" not in str(caught.value)


def test_a_wrong_organisation_is_never_an_empty_one(sandbox: Sandbox) -> None:
    wrong = connected(sandbox.base_url, token=sandbox.token, organization=UNKNOWN_ID)
    refusals = (errors.ContractChanged, errors.PermissionDenied)
    with wrong as made, pytest.raises(refusals):
        made.server.list_campaigns()


def test_a_create_cut_off_after_it_took_effect_is_unknown_and_found_once_by_its_marker(
    sandbox: Sandbox, megaphone: AdServer, advertiser_id: str
) -> None:
    sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    with pytest.raises(errors.OutcomeUnknown):
        megaphone.create_campaign(CampaignSpec("Lost answer", advertiser_id), "fd-cutafter1")
    search = megaphone.find_by_marker("fd-cutafter1")
    assert [each.title for each in search.found] == ["Lost answer"]
    assert search.complete
    assert creates_with(sandbox, "fd-cutafter1") == 1


@pytest.mark.parametrize("reset", [False, True])
def test_a_create_cut_off_before_it_took_effect_is_unknown_and_proven_absent(
    sandbox: Sandbox, megaphone: AdServer, advertiser_id: str, reset: bool
) -> None:
    sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1, "reset": reset})
    with pytest.raises(errors.OutcomeUnknown):
        megaphone.create_campaign(CampaignSpec("Never", advertiser_id), "fd-cutbefore")
    search = megaphone.find_by_marker("fd-cutbefore")
    assert (search.found, search.complete) == ([], True)
    assert creates_with(sandbox, "fd-cutbefore") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "silence", "seconds": 60.0, "apply": "first"},
        {"action": "slow", "seconds": 60.0, "apply": "first"},
        {"action": "cut_after_apply", "reset": True},
        {"action": "truncate"},
        {"action": "truncate", "honest": False},
        {"action": "html"},
        {"action": "empty_body"},
        {"action": "dribble"},
        {"action": "dribble", "head": True},
        {"action": "huge_body"},
        {"action": "huge_body", "sized": False},
    ],
    ids=str,
)
def test_an_update_whose_answer_is_lost_is_unknown_and_shows_when_read(
    sandbox: Sandbox,
    megaphone: AdServer,
    hurried: Connected,
    campaign: RemoteCampaign,
    fault: dict[str, object],
) -> None:
    sandbox.fault({**fault, "method": "PUT", "times": 1})
    with pytest.raises(errors.OutcomeUnknown):
        hurried.server.update_campaign(campaign.id, {"title": "After"})
    # Who gives up may do so before the sandbox has come to it.
    wait_for(lambda: megaphone.get_campaign(campaign.id).title == "After")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"action": "status", "status": 500}, errors.Unavailable),
        ({"action": "status", "status": 503, "shape": "html"}, errors.Unavailable),
        ({"action": "status", "status": 403, "shape": "error"}, errors.PermissionDenied),
        ({"action": "status", "status": 429, "retry_after": "soon"}, errors.RateLimited),
        ({"action": "status", "status": 422, "shape": "empty"}, errors.Rejected),
        ({"action": "retired", "as": "404"}, errors.ContractChanged),
        ({"action": "retired", "as": "410"}, errors.ContractChanged),
        ({"action": "html"}, errors.ContractChanged),
        ({"action": "answer", "body": '{"campaigns": []}'}, errors.ContractChanged),
        ({"action": "empty_body"}, errors.Unavailable),
        ({"action": "truncate"}, errors.Unavailable),
        ({"action": "truncate", "honest": False}, errors.Unavailable),
        ({"action": "dribble"}, errors.Unavailable),
        ({"action": "huge_body"}, errors.Unavailable),
        ({"action": "silence", "seconds": 60.0}, errors.Unavailable),
        ({"action": "cut_before_apply"}, errors.Unavailable),
    ],
    ids=str,
)
def test_a_page_that_fails_says_how_and_the_walk_goes_on_when_asked_again(
    sandbox: Sandbox,
    connection: Connected,
    hurried: Connected,
    fault: dict[str, object],
    expected: type[errors.AdServerError],
) -> None:
    sandbox.fault({**fault, "page": 2, "times": 1})
    failing = hurried if fault["action"] in ("dribble", "silence") else connection
    asked = iter([connection, failing])

    def page(cursor: str | None) -> RemotePage[RemoteCampaign]:
        return next(asked, connection).server.list_campaigns(cursor)

    walk = Walk(page)
    next(walk)
    with pytest.raises(expected):
        next(walk)
    assert failing.log[-1].outcome == expected.code
    if expected is not errors.RateLimited:
        assert walk.read_all().complete


@pytest.mark.parametrize(
    ("fault", "complete"),
    [
        ({"action": "no_link"}, True),
        ({"action": "link_comma"}, True),
        ({"action": "link_host", "host": "http://127.0.0.1:9"}, True),
        ({"action": "duplicate_row", "page": 2}, True),
        ({"action": "shift", "by": 3, "page": 2}, False),
        ({"action": "link_cycle", "to": 1}, False),
        ({"action": "link_cycle", "to": 2}, False),
        ({"action": "empty_page", "page": 2}, False),
        ({"action": "empty_list"}, True),
        ({"action": "total_off", "by": 1}, False),
        ({"action": "total_off", "by": -1}, False),
        ({"action": "total_off", "by": 1, "page": 2}, False),
        ({"action": "hide", "share": 0.2}, False),
        ({"action": "hide", "share": 0.2, "counted": False}, True),
        ({"action": "vendor", "create": 1, "page": 2, "times": 1}, False),
    ],
    ids=str,
)
def test_only_a_steady_honest_listing_is_complete(
    sandbox: Sandbox, megaphone: AdServer, fault: dict[str, object], complete: bool
) -> None:
    sandbox.fault(fault)
    walk = walk_campaigns(megaphone)
    assert walk.complete is complete, walk.problem
    assert walk.pages <= 6
    assert (walk.problem is None) is complete


def test_after_429_the_connection_waits(sandbox: Sandbox, megaphone: AdServer) -> None:
    sandbox.fault({"action": "status", "status": 429, "retry_after": "200", "times": 1})
    with pytest.raises(errors.RateLimited) as caught:
        megaphone.list_agencies()
    assert caught.value.retry_after == 200
    asked = len(sandbox.requests())
    with pytest.raises(errors.RateLimited, match="Nothing was sent"):
        megaphone.find_by_marker("fd-1")
    assert len(sandbox.requests()) == asked


def test_a_client_within_its_limit_is_never_told_to_slow_down(sandbox: Sandbox) -> None:
    sandbox.settings(requests_per_minute=60)
    ahead = [0.0]
    limiter = RateLimiter(
        60, monotonic=lambda: ahead[0], sleep=lambda s: ahead.__setitem__(0, ahead[0] + s)
    )
    base, organization = sandbox.base_url, sandbox.organization
    with connected(base, token=sandbox.token, organization=organization, limiter=limiter) as made:
        for _ in range(54):
            made.server.list_agencies()
    assert {record.outcome for record in made.log} == {"ok"}
    assert limiter.used() <= 54
