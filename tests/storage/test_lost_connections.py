"""PostgreSQL ends connections, as a restart of it does: between transactions and inside one."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.campaigns.form_work import SAVE
from tests.storage.failing import kill
from tests.support import required
from tests.support.client import Client
from tests.support.databases import PostgresDatabase
from tests.support.desk import Desk
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign
from webapp.core.db import db, transaction


@pytest.fixture
def database_url(postgres_database: PostgresDatabase | None) -> str:
    if postgres_database is None:
        required.do_without(required.POSTGRESQL)
    return postgres_database.fresh()


def kill_idle_connections() -> None:
    """All that the pool holds: they are handed out again afterwards, and must not be used."""
    held = [db.engine.connect() for _ in range(max(1, db.engine.pool.checkedin()))]
    for connection in held:
        kill(connection)
        connection.close()


def test_connections_lost_between_transactions_are_replaced_unnoticed(
    desk: Desk, manager_client: Client
) -> None:
    ((campaign_id, remote_id),) = desk.some(1)
    name = desk.ask(lambda: db.session.get_one(Campaign, campaign_id).uuid)
    form = get_page(manager_client, f"/campaigns/{name}/edit")

    kill_idle_connections()
    page = form.submit(SAVE, {"title": "Typed by hand"})
    kill_idle_connections()
    desk.push()

    assert page.h1 == "Typed by hand"
    desk.heal()
    desk.check()
    assert desk.our_writes() == [("PUT", remote_id)]


def test_a_connection_lost_inside_a_transaction_takes_all_of_it_back(desk: Desk) -> None:
    ((campaign_id, _),) = desk.some(1)
    before = desk.evidence().ours

    def half() -> None:
        with transaction():
            campaign = db.session.get_one(Campaign, campaign_id)
            campaign.title = "Half a save"
            db.session.flush()
            kill(db.session.connection())
            campaign.title = "The other half"

    with pytest.raises(DBAPIError):
        half()
    db.session.remove()

    assert desk.evidence().ours == before
    desk.edit(campaign_id, title="Saved")
    desk.heal()
    desk.check()
