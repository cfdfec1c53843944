"""A session ends while a form is being filled in: nothing is saved by it, and nothing is lost."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.campaigns.form_work import BOOK, SAVE, SETTLE, edit_address, in_conflict, stored
from tests.support.client import Client, signed_in
from tests.support.pages import Page, get_page
from webapp.auth import kept
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db

SHOW = "Show the form"
NOTES = "Call first,\r\nthen <book> “it”"
FRAGMENT = {"HX-Request": "true"}


def send_signed_out(client: Client, page: Page, typed: dict[str, str], button: str = SAVE) -> Page:
    """The session ends, and then the form is sent."""
    client.delete_cookie("flightdeck")
    return page.submit(button, typed, status=401)


def sign_in_on(page: Page, operator: Operator, **typed: str) -> Page:
    values = {"email": operator.email, "password": factories.PASSWORD} | typed
    return page.submit("Sign in", values)


@pytest.fixture
def campaign(db_session) -> Campaign:
    return factories.campaign(title="Spring", budget=(450000, "USD"))


def test_what_was_typed_is_shown_again_after_signing_in_and_saved_only_then(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    typed = {"title": "Summer", "total_budget": "4900", "notes": NOTES, "copy_needed": "y"}
    form = get_page(manager_client, f"{edit_address(campaign)}?back=/campaigns?q=spring")

    page = send_signed_out(manager_client, form, typed)
    assert page.h1 == "Sign in to go on"
    assert "nothing was saved" in page.text
    page = sign_in_on(page, manager)
    assert page.h1 == "What you typed is kept"
    page = page.submit(SHOW)

    assert "Nothing of it is saved yet" in page.notices
    shown = page.form(SAVE).values
    assert {name: shown[name] for name in typed} == typed | {"notes": NOTES.replace("\r", "")}
    assert stored(campaign).title == "Spring"
    assert db.session.query(Change).count() == 0

    page = page.submit(SAVE)
    assert page.url == "/campaigns?q=spring"
    assert (stored(campaign).title, stored(campaign).notes) == ("Summer", NOTES.replace("\r", ""))


def test_a_new_campaign_is_kept_as_well_and_booked_once(
    manager_client: Client, manager: Operator
) -> None:
    typed = {"title": "Spring", "advertiser_id": str(factories.advertiser().id)}
    form = get_page(manager_client, "/campaigns/new")

    page = sign_in_on(send_signed_out(manager_client, form, typed, BOOK), manager).submit(SHOW)
    first, second = (page.submit(BOOK) for _ in range(2))

    assert first.url == second.url
    assert db.session.query(Campaign).one().title == "Spring"


def test_someone_who_saved_meanwhile_is_weighed_as_ever(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    form = get_page(manager_client, edit_address(campaign))
    campaign.title, campaign.version = "Theirs", 2
    db.session.commit()

    page = send_signed_out(manager_client, form, {"title": "Mine"})
    page = sign_in_on(page, manager).submit(SHOW).submit(SAVE, status=409)

    assert "was changed since you opened it" in page.notices
    assert stored(campaign).title == "Theirs"


def test_a_wrong_password_loses_nothing(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    form = get_page(manager_client, edit_address(campaign))
    page = send_signed_out(manager_client, form, {"title": "Summer"})

    page = page.submit("Sign in", {"email": manager.email, "password": "wrong"}, status=422)
    page = sign_in_on(page, manager).submit(SHOW)

    assert page.form(SAVE).values["title"] == "Summer"


def test_who_signed_in_elsewhere_meanwhile_goes_on_too(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    form = get_page(manager_client, edit_address(campaign))
    page = send_signed_out(manager_client, form, {"title": "Summer"})
    signed_in(manager_client, manager)

    page = page.submit("Sign in").submit(SHOW)

    assert page.form(SAVE).values["title"] == "Summer"


def test_a_form_of_an_earlier_session_is_shown_again_not_saved(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    form = get_page(manager_client, edit_address(campaign))
    manager_client.delete_cookie("flightdeck")
    signed_in(manager_client, manager)

    page = form.submit(SAVE, {"title": "Summer"}, status=400)
    assert stored(campaign).title == "Spring"
    page = page.submit(SHOW)

    assert page.form(SAVE).values["title"] == "Summer"
    page.submit(SAVE)
    assert stored(campaign).title == "Summer"


def test_values_being_weighed_are_kept(manager_client: Client, manager: Operator) -> None:
    campaign = in_conflict()
    form = get_page(manager_client, f"/campaigns/{campaign.uuid}/conflicts")
    typed = {"choice-budget": "typed", "total_budget": "4,950"}

    page = sign_in_on(send_signed_out(manager_client, form, typed, SETTLE), manager).submit(SHOW)

    values = page.form(SETTLE).values
    assert {name: values[name] for name in typed} == typed
    page.submit(SETTLE)
    assert stored(campaign).total_budget_minor == 495000


def test_a_clash_being_weighed_is_kept(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    form = get_page(manager_client, edit_address(campaign))
    campaign.title, campaign.version = "Theirs", 2
    form = form.submit(SAVE, {"title": "Mine"}, status=409)

    page = send_signed_out(manager_client, form, {"choice-title": "typed", "title": "Third"})
    page = sign_in_on(page, manager).submit(SHOW, status=409)

    assert page.form(SAVE).values["title"] == "Third"
    page.submit(SAVE)
    assert stored(campaign).title == "Third"


def test_after_an_hour_it_is_said_that_it_was_not_kept(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        form = get_page(manager_client, edit_address(campaign))
        page = send_signed_out(manager_client, form, {"title": "Summer"})
        clock.shift(timedelta(seconds=kept.MAX_AGE_SECONDS + 1))
        page = sign_in_on(page, manager)

    assert page.h1 == "Edit campaign"
    assert "more than an hour old" in page.notices
    assert page.form(SAVE).values["title"] == "Spring"


def test_a_text_of_someone_else_s_making_is_not_shown(client: Client, manager: Operator) -> None:
    page = get_page(client, "/sign-in")
    form = page.form("Sign in")
    typed = {"email": manager.email, "password": factories.PASSWORD, "kept": "WyIvIixbXV0.x.y"}

    answer = client.post(form.action, data=form.values | typed)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_what_another_site_sends_is_not_kept(client: Client, campaign: Campaign) -> None:
    answer = client.post(
        edit_address(campaign), data={"title": "Theirs"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 302
    assert "Theirs" not in answer.text


def test_a_button_pressed_after_the_session_ended_is_not_pressed_by_signing_in(
    manager_client: Client, manager: Operator, campaign: Campaign
) -> None:
    page = get_page(manager_client, f"/campaigns/{campaign.uuid}")
    manager_client.delete_cookie("flightdeck")

    page = page.submit("Archive here")
    assert page.h1 == "Sign in"
    assert "Nothing was done" in page.notices
    sign_in_on(page, manager)

    assert stored(campaign).archived_at is None


def test_a_text_too_long_to_carry_is_told_so(client: Client, campaign: Campaign) -> None:
    answer = client.post(edit_address(campaign), data={"notes": "x" * (kept.MAX_CHARACTERS + 1)})
    assert answer.status_code == 302
    assert "Nothing was done" in get_page(client, answer.headers["Location"]).notices


def test_a_stranger_s_fragment_still_leaves_for_signing_in(app: Flask, campaign: Campaign) -> None:
    answer = app.test_client().post(edit_address(campaign), data={"title": "x"}, headers=FRAGMENT)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_someone_who_may_only_read_does_not_get_the_form_by_it(
    manager_client: Client, viewer: Operator, campaign: Campaign
) -> None:
    form = get_page(manager_client, edit_address(campaign))
    page = sign_in_on(send_signed_out(manager_client, form, {"title": "Summer"}), viewer)

    page.submit(SHOW, status=403)

    assert stored(campaign).title == "Spring"
