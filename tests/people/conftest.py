"""Somebody who may administer, and the records that are left."""

import pytest
from flask import Flask

from tests import factories
from tests.support.client import Client, signed_in
from webapp.auth.models import Operator


@pytest.fixture
def admin(app: Flask) -> Operator:
    return factories.operator("admin", email="admin@example.com")


@pytest.fixture
def admin_client(client: Client, admin: Operator) -> Client:
    return signed_in(client, admin)


@pytest.fixture
def other(app: Flask) -> Client:
    """Another browser."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client
