"""An operator and the worker at the same campaign at the same moment."""

import threading
from dataclasses import replace
from uuid import uuid4

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from tests.factories import values_of
from tests.sync.conftest import ANA, Desk
from webapp.campaigns import service as campaigns
from webapp.core.db import transaction
from webapp.sync import jobs


def test_an_edit_and_the_sending_of_the_one_before_do_not_lock_each_other_out(
    app: Flask, synced: Desk
) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="First")
    failures: list[SQLAlchemyError] = []

    def send() -> None:
        with app.app_context():
            try:
                jobs.push_due(synced.work)
            except SQLAlchemyError as problem:
                failures.append(problem)

    worker = threading.Thread(target=send)
    with transaction():
        campaign = synced.campaign(id=campaign.id)
        campaigns.lock(campaign)
        worker.start()
        worker.join(0.3)
        wanted = replace(values_of(campaign), title="Second")
        campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())
    worker.join()
    synced.push()

    assert failures == []
    assert synced.remote(campaign)["title"] == "Second"
