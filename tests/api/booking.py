"""An application with one more operation, which books a campaign and then does as it is told.

Run as a process of its own, it answers one request and dies in it. Arguments: database, folder,
token, key.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from tests.api.calling import bearer
from tests.support.client import Client
from webapp.advertisers.models import Advertiser
from webapp.api import access, answers, trying
from webapp.api.keys import intent_key
from webapp.api.writing import writing
from webapp.app import create_app
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import service
from webapp.campaigns.fields import CampaignValues
from webapp.connections.models import Connection
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.web.problems import Problem

BOOKINGS = "/api/v1/test/bookings"
DEAD = 9


class Bookings:
    """The operation. ``meanwhile`` is done after the campaign is saved, before it is answered."""

    def __init__(self, app: Flask) -> None:
        self.calls = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self._lock = threading.Lock()
        app.add_url_rule(
            BOOKINGS, "api.test_bookings", self.book, methods=["POST"], strict_slashes=False
        )

    @requires(Permission.EDIT_CAMPAIGNS)
    def book(self) -> ResponseReturnValue:
        trying.begin(is_dry_run="dry_run" in request.args)
        kept = answers.begin()
        return self._book(request.get_json()) if kept is None else kept

    def _book(self, wanted: dict[str, str]) -> ResponseReturnValue:
        with self._lock:
            self.calls += 1
        with writing(dry_run="dry_run" in request.args):
            connection = db.session.scalars(select(Connection)).one()
            advertiser = db.session.scalars(select(Advertiser)).one()
            values = CampaignValues(wanted["title"], advertiser.id)
            campaign = service.create_campaign(access.actor(), connection, values, intent_key())
            uuid = str(campaign.uuid)
        self.meanwhile()
        if "problem" in wanted:
            raise Problem(wanted["problem"])
        headers = {"Location": f"/api/v1/campaigns/{uuid}", "ETag": '"1"', "X-Other": "not kept"}
        return jsonify(id=uuid, title=wanted["title"]), 201, headers


def make(settings: Settings) -> tuple[Flask, Bookings]:
    app = create_app(settings)
    app.test_client_class = Client
    return app, Bookings(app)


def main(url: str, folder: str, token: str, key: str) -> None:
    app, bookings = make(Settings(database_url=url, instance_dir=Path(folder), log_level="ERROR"))
    bookings.meanwhile = lambda: os._exit(DEAD)
    headers = bearer(token) | {"Idempotency-Key": key}
    Client(app).post(BOOKINGS, json={"title": "Spring"}, headers=headers)


if __name__ == "__main__":
    main(*sys.argv[1:])
