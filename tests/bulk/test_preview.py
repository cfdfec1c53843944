"""Choosing what to do, and the preview: before and after, warnings, totals, ticks; the start."""

import pytest

from tests import factories
from tests.bulk.desk import Desk, item, items, states
from tests.bulk.pressing import latest_job, pick, press, uuids
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.bulk.models import CANCELLED, DRAFT, QUEUED, BulkJob
from webapp.bulk.operations import Archive, ScaleBudget, SetBudget
from webapp.campaigns.models import CONFLICT, REFUSED
from webapp.core.clock import utc_now
from webapp.core.db import db

START = "Do it, and send it to Megaphone"
START_HERE = "Do it here"
# An id that no row comes to, however many tests have made some.
NOBODY = 2_000_000_000


def address(job: BulkJob) -> str:
    return f"/bulk/{job.uuid}"


def test_from_the_list_to_a_started_job_without_javascript(manager_client) -> None:
    campaign = factories.campaign(title="Spring", budget=(500_000, "USD"))
    page = pick(manager_client, scope="rows", pick=uuids([campaign.id]))

    page = page.follow("Raise or lower the budget")
    page = press(page, "See what would change", percent="10")

    assert page.h1 == "Raise the budget by 10 %: 1 of 1"
    assert "Budget from USD 5,000.00 to USD 5,500.00" in page.text
    page = press(page, START)
    assert latest_job().state == QUEUED
    assert "0 of 1 handled" in page.text


@pytest.mark.parametrize(
    ("operation", "fields", "wrong", "said"),
    [
        ("owner", {}, "owner", "Pick an owner from the list."),
        ("owner", {"owner": str(NOBODY)}, "owner", "Pick an owner from the list."),
        ("advertiser", {"name": ""}, "name", "Type an advertiser’s name."),
        ("advertiser", {"name": "xyz"}, "name", "No advertiser matches “xyz”."),
        (
            "advertiser",
            {"name": "xyz", "chosen": "2000000000"},
            "name",
            "No advertiser matches “xyz”.",
        ),
        ("budget", {"amount": "5", "currency": ""}, "currency", "Pick a currency from the list."),
        ("budget", {"amount": "1.234", "currency": "USD"}, "amount", "can be read two ways"),
        ("budget", {"amount": "-5", "currency": "USD"}, "amount", "cannot be negative"),
        ("budget", {"amount": "12\u00a050", "currency": "USD"}, "amount", "Blanks stand only"),
        ("add", {"amount": "0", "currency": "USD"}, "amount", "Nothing would change by 0."),
        ("percent", {"percent": "ten"}, "percent", "Type a number such as 10"),
        ("percent", {"percent": "-101"}, "percent", "from -100 to 1,000"),
        ("percent", {"percent": "0"}, "percent", "but not 0"),
        ("title", {"find": ""}, "find", "Type what to look for."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(
    desk: Desk, manager_client, operation: str, fields: dict[str, str], wrong: str, said: str
) -> None:
    job = desk.pick(factories.campaigns(1))
    page = get_page(manager_client, f"{address(job)}?operation={operation}")

    page = press(page, "See what would change", 422, **fields)

    assert said in page.errors[wrong]
    assert page.title.startswith("Error: ")
    assert latest_job().operation is None


def _advertisers() -> dict[str, int]:
    """Two of one name by two agencies, and one with a name that begins so too."""
    agencies = [factories.agency(name=name) for name in ("Harbor", "Quay")]
    made = {
        f"Acme – {each.name}": factories.advertiser(name="Acme", agency_id=each.id).id
        for each in agencies
    }
    return made | {"Acme West": factories.advertiser(name="Acme West").id}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("acme west", "Acme West"), ("west", "Acme West"), ("Acme – Quay", "Acme – Quay")],
)
def test_an_advertiser_is_found_by_its_name(
    desk: Desk, manager_client, typed: str, meant: str
) -> None:
    job = desk.pick(factories.campaigns(1))
    ids = _advertisers()
    page = get_page(manager_client, f"{address(job)}?operation=advertiser")

    press(page, "See what would change", name=typed)

    assert item(latest_job()).wanted == {"advertiser": ids[meant]}


def test_of_several_that_may_be_meant_one_is_pressed(desk: Desk, manager_client) -> None:
    job = desk.pick(factories.campaigns(1))
    ids = _advertisers()
    page = get_page(manager_client, f"{address(job)}?operation=advertiser")

    page = press(page, "See what would change", 422, name="acme")

    assert "Several advertisers match “acme”" in page.errors["name"]
    assert "Acme West" not in page.form("Acme – Quay").buttons
    press(page, "Acme – Quay")
    assert item(latest_job()).wanted == {"advertiser": ids["Acme – Quay"]}


@pytest.mark.parametrize(
    ("typed", "meant"), [("Acme – Harbor", "Acme – Harbor"), ("west", "Acme West")]
)
def test_what_stands_in_the_box_counts_and_not_what_was_chosen_before(
    desk: Desk, manager_client, typed: str, meant: str
) -> None:
    job = desk.pick(factories.campaigns(1))
    ids = _advertisers()
    page = get_page(manager_client, f"{address(job)}?operation=advertiser")

    press(page, "See what would change", name=typed, chosen=str(ids["Acme – Harbor"]))

    assert item(latest_job()).wanted == {"advertiser": ids[meant]}


@pytest.mark.parametrize(
    ("operation", "fields", "wanted"),
    [
        ("archive", {}, {"archived": True}),
        ("budget", {"amount": "7000", "currency": "EUR"}, {"budget": [700_000, "EUR"]}),
        ("budget", {"amount": "7\u00a0000", "currency": "EUR"}, {"budget": [700_000, "EUR"]}),
        ("add", {"amount": "-0.01", "currency": "USD"}, {"budget": [1004, "USD"]}),
        # A minus as typographers write it; half a cent is rounded up.
        ("percent", {"percent": "\u221250 %"}, {"budget": [503, "USD"]}),
        ("title", {"find": "SPRING", "replacement": "Fall"}, {"title": "Fall"}),
    ],
)
def test_each_operation_is_planned(
    desk: Desk, manager_client, operation: str, fields: dict[str, str], wanted: object
) -> None:
    campaign = factories.campaign(title="Spring", budget=(1005, "USD"))
    job = desk.pick([campaign.id])
    page = get_page(manager_client, f"{address(job)}?operation={operation}")

    press(page, "See what would change", **fields)

    assert [item.wanted for item in items(job)] == [wanted]


def test_what_cannot_be_done_is_left_out_with_its_reason(desk: Desk, manager_client) -> None:
    factories.campaign(title="None"), factories.campaign(budget=(500, "EUR"))
    conflict = factories.campaign(budget=(500, "USD"), sync_state=CONFLICT)
    factories.conflict(conflict, "budget", theirs=[1, "USD"])
    large = factories.campaign(budget=(10**15, "USD"))
    ids = [item.id for item in (conflict, large)]
    every = [*range(min(ids) - 2, min(ids)), *ids]
    job = desk.pick(every)
    page = get_page(manager_client, f"{address(job)}?operation=add")

    page = press(page, "See what would change", amount="1", currency="USD")

    assert page.h1 == "Add USD 1.00 to the budget: 0 of 4"
    for said in (
        "It has no budget that could be changed.",
        "Its budget is in EUR, and the amount in USD.",
        "In conflict with Megaphone in budget. Decide that first.",
        "Its budget would be larger than any that can be kept.",
    ):
        assert said in page.text
    assert page.main.all("input", type="checkbox") == []
    assert "Nothing is ticked" in press(page, START, 422).notices


def test_warnings_come_first_with_their_numbers(desk: Desk, manager_client) -> None:
    factories.campaigns(2, budget=(500, "USD"))
    factories.campaign(title="Away", budget=(500, "USD"), archived_at=utc_now())
    refused = factories.campaign(title="Trouble", budget=(100, "USD"), sync_state=REFUSED)
    job = desk.plan(list(range(refused.id - 3, refused.id + 1)), SetBudget(500, "USD"))

    page = get_page(manager_client, address(job))

    assert page.h1 == "Set the budget to USD 5.00: 1 of 4"
    assert "1 It needs you" in page.text
    assert "1 Its budget rises by more than 50 %." in page.text
    assert "3 No change: It has this budget already." in page.text
    body = page.main.all("tbody")[-1]
    assert body.all("tr")[0].one("th").text == "Trouble"


def test_totals_are_given_per_currency_and_never_added(desk: Desk, manager_client) -> None:
    ids = [
        factories.campaign(budget=(100_000, "USD")).id,
        factories.campaign(budget=(50_000, "USD")).id,
        factories.campaign(budget=(1_001, "JPY")).id,
    ]
    job = desk.plan(ids, ScaleBudget("10"))

    page = get_page(manager_client, address(job))

    assert "in 2 currencies: never added across" in page.text
    assert page.rows[:2] == [
        ["JPY", "1", "1,001", "1,101", "+100"],
        ["USD", "2", "1,500.00", "1,650.00", "+150.00"],
    ]


def test_ticks_are_kept_page_by_page(desk: Desk, manager_client) -> None:
    ids = factories.campaigns(102)
    job = desk.plan(ids, Archive())
    page = get_page(manager_client, address(job))
    first = [box["value"] for box in page.main.all("input", name="tick")]
    assert len(first) == 100

    page = press(page, "Next page", tick=first[2:])

    assert "101–102 of 102" in page.text
    assert latest_job().left_out_count == 2
    page = press(page, "Previous page")
    ticked = [box for box in page.main.all("input", name="tick") if box.has("checked")]
    assert len(ticked) == 98
    assert latest_job().left_out_count == 2


def test_what_is_unticked_is_left_out_by_the_start_itself(desk: Desk, manager_client) -> None:
    job = desk.plan(factories.campaigns(3), Archive())
    page = get_page(manager_client, address(job))
    boxes = [box["value"] for box in page.main.all("input", name="tick")]

    press(page, START_HERE, tick=boxes[1:])
    desk.finish(latest_job())

    assert states(job) == ["left out", "done", "done"]


def test_all_with_a_warning_can_be_left_out_at_once(desk: Desk, manager_client) -> None:
    ids = factories.campaigns(3, archived_at=utc_now(), budget=(500, "USD"))
    ids += [factories.campaign(title="Active", budget=(500, "USD")).id]
    job = desk.plan(ids, ScaleBudget("5"))
    page = get_page(manager_client, address(job))

    page = press(page, "Leave these out : It is in the archive.")

    assert "3 campaigns left out." in page.notices
    assert page.h1.endswith(": 1 of 4")
    page = press(page, "Left out 3")
    assert len(page.main.all("input", name="tick")) == 3


def test_rises_of_more_than_half_have_to_be_meant(desk: Desk, manager_client) -> None:
    job = desk.plan(factories.campaigns(2, budget=(500, "USD")), ScaleBudget("50.01"))
    factories.campaign()
    page = get_page(manager_client, address(job))
    assert "are meant" not in page.text
    job = desk.plan(factories.campaigns(2, budget=(100_000, "USD")), ScaleBudget("51"))
    page = get_page(manager_client, address(job))
    assert "The rises of more than 50 % (2) are meant" in page.text
    (first, _) = [box["value"] for box in page.main.all("input", name="tick")]

    page = press(page, START, 422, tick=first)

    assert "Some budgets rise by more than 50 %, fall by more than half" in page.notices
    assert latest_job().state == DRAFT
    # What was unticked stays so.
    assert latest_job().left_out_count == 1
    press(page, START, confirmed="y")
    assert latest_job().state == QUEUED


def test_what_changed_since_it_was_picked_is_shown_as_it_is_now(desk: Desk, manager_client) -> None:
    campaign = factories.campaign(title="Old title")
    job = desk.pick([campaign.id])
    campaign.title, campaign.version = "New title", 2
    page = get_page(manager_client, f"{address(job)}?operation=title")

    page = press(page, "See what would change", find="title", replacement="name")

    assert "Title from New title to New name" in page.text
    assert "It was changed since it was picked" in page.text
    press(page, START)
    desk.finish(latest_job())
    assert states(job) == ["done"]


def test_something_else_can_be_chosen_and_ticks_begin_anew(desk: Desk, manager_client) -> None:
    job = desk.plan(factories.campaigns(2), Archive())
    page = press(get_page(manager_client, address(job)), "Keep the ticks", tick=None)
    assert latest_job().left_out_count == 2

    page = page.follow("Choose something else").follow("Set the owner")
    page = press(page, "See what would change", owner=str(desk.operator.id))

    assert page.h1 == "Set the owner to manager@example.com: 2 of 2"


def test_a_draft_can_be_thrown_away(desk: Desk, manager_client) -> None:
    job = desk.plan(factories.campaigns(2), Archive())
    page = press(get_page(manager_client, address(job)), "Throw the draft away")
    assert "Nothing was changed." in page.notices
    assert page.url == "/campaigns"
    assert latest_job().state == CANCELLED


def test_somebody_elses_draft_can_be_read_only(manager_client) -> None:
    ana = factories.operator(email="ana@example.com")
    job = Desk(ana).plan(factories.campaigns(1), Archive())

    page = get_page(manager_client, address(job))

    assert "This draft is ana@example.com’s" in page.text
    assert page.main.all("input", type="checkbox") == []
    token = page.root.all("input", name="csrf_token")[0]["value"]
    for verb in ("start", "tick", "plan?operation=archive"):
        manager_client.post(f"{address(job)}/{verb}", data={"csrf_token": token})
    assert latest_job().state == DRAFT
    assert states(job) == ["planned"]


def test_a_started_job_cannot_be_planned_anew(desk: Desk, manager_client) -> None:
    job = desk.plan(factories.campaigns(1), Archive())
    page = get_page(manager_client, f"{address(job)}?operation=owner")
    desk.start(job)

    page = press(page, "See what would change", owner="nobody")

    assert "This was started already." in page.notices
    assert latest_job().operation["name"] == "archive"


@pytest.mark.parametrize("show", ["", "warned", "planned", "nonsense"])
def test_a_preview_costs_the_same_few_statements(desk: Desk, manager_client, show: str) -> None:
    owner = factories.operator()
    ids = factories.campaigns(150, owner_id=owner.id, budget=(500, "USD"))
    job = desk.plan(ids, ScaleBudget("60"))
    db.session.commit()

    with count_statements() as statements:
        get_page(manager_client, f"{address(job)}?show={show}")

    assert len(statements) <= 14, "\n".join(statements)


@pytest.mark.parametrize("path", ["/bulk/nonsense", "/bulk/6b5e8ae8-2ee3-4c25-b7ef-1d5a4c5b1c1e"])
def test_a_job_that_is_not_there_is_not_found(manager_client, path: str) -> None:
    get_page(manager_client, path, 404)


@pytest.mark.parametrize("page", ["0", "-1", "x", "9999999999", "3"])
def test_a_page_that_is_not_there_breaks_nothing(desk: Desk, manager_client, page: str) -> None:
    job = desk.plan(factories.campaigns(1), Archive())
    get_page(manager_client, f"{address(job)}?page={page}")
    get_page(manager_client, f"/bulk?page={page}")
