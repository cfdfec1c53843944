"""How long the content of a file is kept, and what is still possible without it."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.exchange.files import retyped, saved
from tests.exchange.test_import import carry_out, export, give, only
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth.models import Operator
from webapp.bulk import words
from webapp.bulk.models import PAUSED, BulkJob
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.exchange import keeping
from webapp.exchange.models import ImportFile
from webapp.worker import Worker

LATER = timedelta(days=91)


def clear(now: datetime) -> int:
    emptied = keeping.delete_old_contents(now)
    db.session.commit()
    db.session.expire_all()
    return emptied


def with_a_problem(client: Client) -> tuple[BulkJob, str]:
    """An import that was carried out, with one line to mend; and its page."""
    factories.campaign(title="Spring")
    content = retyped(export(client), Title="Summer") + saved([["nonsense", "No such campaign"]])
    page = give(client, content)
    job = carry_out(page.follow("See what will change, row by row"))
    return job, f"/import/{only(ImportFile).uuid}"


@pytest.mark.usefixtures("app")
def test_a_content_goes_ninety_days_after_the_import_ended(manager_client: Client) -> None:
    job, address = with_a_problem(manager_client)
    assert job.finished_at is not None
    ended = job.finished_at

    assert "The file is kept until" in get_page(manager_client, address).text
    assert clear(ended + timedelta(days=90)) == 0
    assert clear(ended + timedelta(days=90, seconds=1)) == 1
    assert clear(ended + LATER) == 0

    assert only(ImportFile).content == b""


@pytest.mark.usefixtures("app")
def test_what_came_of_it_is_still_told_and_the_rest_refused_in_words(
    manager_client: Client,
) -> None:
    _, address = with_a_problem(manager_client)
    rows_to_mend = get_page(manager_client, address).links["Get the rows to mend"]
    clear(utc_now() + LATER)

    page = get_page(manager_client, address)
    assert "There is no campaign" in page.text or "is no ID" in page.text
    assert "The file itself was deleted, 90 days after its import ended" in page.text
    assert "Get the rows to mend" not in page.links
    refused = get_page(manager_client, rows_to_mend, status=409)
    assert "files are kept for 90 days" in refused.text


def test_an_import_is_undone_without_its_file(app: Flask, manager_client: Client) -> None:
    job, _ = with_a_problem(manager_client)
    clear(utc_now() + LATER)

    page = get_page(manager_client, f"/bulk/{job.uuid}")
    carry_out(page.submit("Undo what was done"), words.TAKE_BACK)

    assert db.session.scalars(select(Campaign.title)).all() == ["Spring"]


@pytest.mark.usefixtures("app")
def test_one_that_is_under_way_keeps_its_file(manager_client: Client, manager: Operator) -> None:
    job, address = with_a_problem(manager_client)
    job.state, job.finished_at = PAUSED, None
    db.session.commit()

    assert clear(utc_now() + 10 * LATER) == 0

    assert "for 90 days after its import has ended" in get_page(manager_client, address).text


@pytest.mark.usefixtures("app")
def test_a_file_that_was_never_started_goes_after_it_was_given(manager_client: Client) -> None:
    factories.campaign(title="Spring")
    content = retyped(export(manager_client), Title="Summer")
    give(manager_client, content)
    draft = only(ImportFile)
    given = draft.created_at

    assert clear(given + timedelta(days=89)) == 0
    assert clear(given + LATER) == 1

    # What it asks for is in the draft, which can be started all the same.
    job = carry_out(get_page(manager_client, f"/bulk/{only(BulkJob).uuid}"))
    assert job.done_count == 1


@pytest.mark.usefixtures("app")
def test_one_that_waited_for_a_tick_is_to_be_given_again(manager_client: Client) -> None:
    factories.campaign(title="Spring")
    content = retyped(export(manager_client), Title="Summer")
    carry_out(give(manager_client, content))
    again = give(manager_client, content)
    clear(utc_now() + LATER)

    page = get_page(manager_client, again.url)
    assert "Give it again to import it" in page.text
    assert not [form for form in page.forms if "Work out what it would change" in form.buttons]
    refused = again.submit("Work out what it would change", {"once_more": "y"}, status=409)
    assert "files are kept for 90 days" in refused.text


def test_the_worker_that_leads_clears_them_each_hour(app: Flask, manager_client: Client) -> None:
    job, _ = with_a_problem(manager_client)
    job.finished_at = utc_now() - LATER
    db.session.commit()
    worker = Worker(app)
    clean = worker._scheduler().get_job("clean")

    clean.func()
    db.session.expire_all()
    assert only(ImportFile).content != b""
    db.session.rollback()
    assert worker.lead.take()
    clean.func()

    db.session.expire_all()
    assert only(ImportFile).content == b""
