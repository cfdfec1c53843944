"""Whatever writes leaves an entry: every page, every operation of the API, every command.

A new one fails here until it is walked, or until it is said why it leaves nothing.
"""

import click
import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.api.scripts import Script
from tests.audit.walks_outside import (
    COMMANDS,
    COMMANDS_NOT_TOLD,
    OPERATIONS,
    OPERATIONS_NOT_TOLD,
)
from tests.audit.walks_pages import NOT_TOLD, PAGES, Presser
from tests.bulk.desk import Desk
from tests.cli.conftest import Terminal, terminal
from tests.support.client import Client
from webapp.api.operation import OPERATIONS as OPERATIONS_OF_API
from webapp.audit.models import AuditEvent
from webapp.auth.access import TOKEN_BLUEPRINTS
from webapp.auth.models import Operator
from webapp.cli.plain import actor
from webapp.core.db import db

__all__ = ["terminal"]

# That an entry is left is not up to the database.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def events() -> list[AuditEvent]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def written(app: Flask) -> set[str]:
    """The endpoints of pages by which something can be written."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if UNSAFE & set(rule.methods or ())
        and rule.endpoint.partition(".")[0] not in TOKEN_BLUEPRINTS
    }


def test_every_page_that_writes_is_walked_or_says_why_it_leaves_nothing(app: Flask) -> None:
    assert not PAGES.keys() & NOT_TOLD.keys()
    assert PAGES.keys() | NOT_TOLD.keys() == written(app)


@ONE_DATABASE
@pytest.mark.parametrize("endpoint", sorted(PAGES))
def test_a_page_that_writes_leaves_an_entry(
    app: Flask, manager_client: Client, manager: Operator, endpoint: str
) -> None:
    who, number = manager.email, manager.id
    # Who may everything, or else some pages would be closed.
    manager.role = "admin"
    PAGES[endpoint](Presser(app, manager_client, manager))
    mine = [event for event in events() if event.request_id]
    assert mine, "nothing was written down"
    assert {(e.actor, e.source, e.operator_id) for e in mine} == {(who, "web", number)}
    assert all(event.object_label and event.action for event in mine)


def test_every_operation_of_the_api_that_writes_is_walked_or_says_why_not() -> None:
    known = {each.id for each in OPERATIONS_OF_API.values() if each.method.upper() in UNSAFE}
    assert not OPERATIONS.keys() & OPERATIONS_NOT_TOLD.keys()
    assert OPERATIONS.keys() | OPERATIONS_NOT_TOLD.keys() == known


@ONE_DATABASE
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_of_the_api_leaves_an_entry(
    client: Client, manager: Operator, name: str
) -> None:
    scopes = "read write sync admin"
    token = factories.api_token(scopes, name="Nightly", operator_id=manager.id)
    number = manager.id
    OPERATIONS[name](Script(client, token), Desk(manager))
    mine = [event for event in events() if event.source == "api"]
    assert mine, "nothing was written down"
    assert {(e.actor, e.operator_id) for e in mine} == {("token Nightly", number)}
    assert all(event.request_id for event in mine)


def commands(app: Flask) -> set[str]:
    found = {}
    open_groups = [("", app.cli)]
    while open_groups:
        prefix, group = open_groups.pop()
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                open_groups.append((f"{prefix}{name} ", command))
            else:
                found[f"{prefix}{name}"] = command
    # Flask-Migrate's change tables, and what Flask brings along changes nothing.
    return {name for name in found if not name.startswith("db ")}


def test_every_command_is_walked_or_says_why_it_leaves_nothing(terminal: Terminal) -> None:
    assert not COMMANDS.keys() & COMMANDS_NOT_TOLD.keys()
    assert COMMANDS.keys() | COMMANDS_NOT_TOLD.keys() == commands(terminal.app)


@ONE_DATABASE
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_leaves_an_entry(terminal: Terminal, name: str) -> None:
    COMMANDS[name](terminal)
    mine = [event for event in events() if event.source == "cli"]
    assert mine, "nothing was written down"
    assert {event.actor for event in mine} == {actor().label}
