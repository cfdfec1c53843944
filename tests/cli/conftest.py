"""Someone at a shell, and a sandbox that the commands can reach."""

from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from tests.support.sandbox import Sandbox
from webapp import cli
from webapp.core.config import Settings
from webapp.core.db import db


class Terminal:
    """Runs commands as someone at a shell does."""

    def __init__(self, app: Flask) -> None:
        cli.init_app(app)
        self.app = app

    def __call__(self, *arguments: str, **options: Any) -> Result:
        db.session.commit()
        result = self.app.test_cli_runner().invoke(args=arguments, **options)
        db.session.rollback()
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


@pytest.fixture
def terminal(app: Flask) -> Terminal:
    return Terminal(app)


def leading_to(sandbox: Sandbox, settings: Settings) -> Settings:
    """The same settings, connected to the sandbox."""
    known = Settings(
        megaphone_api_token=sandbox.token,
        megaphone_org_id=sandbox.organization,
        megaphone_base_url=sandbox.base_url,
        megaphone_requests_per_minute=0,
    )
    names = known.model_fields_set
    return settings.model_copy(update={name: getattr(known, name) for name in names})
