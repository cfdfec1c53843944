"""An operator at the list, and the worker's job by hand."""

import pytest
from flask import Flask

from tests.bulk.desk import Desk
from webapp.auth.models import Operator


@pytest.fixture
def desk(app: Flask, manager: Operator) -> Desk:
    """What the manager does, without pages."""
    return Desk(manager)
