"""The ``flask`` commands, a module a group. (``flask db`` is Flask-Migrate's.)

What cannot be done is said in a sentence, with exit status 1; a wrong command line is 2. Those of
``flask sync`` and ``flask connections`` have more statuses: see docs/operations.md.
"""

from flask import Flask

from webapp.cli import campaign_writes, operator_changes
from webapp.cli.advertisers import advertisers
from webapp.cli.api import api
from webapp.cli.audit import audit
from webapp.cli.backup import backup, restore
from webapp.cli.campaigns import campaigns
from webapp.cli.connections import connections
from webapp.cli.credentials import credentials
from webapp.cli.doctor import doctor
from webapp.cli.operators import operators
from webapp.cli.sync import sync
from webapp.cli.tokens import tokens
from webapp.cli.worker import health, run_worker

__all__ = ["campaign_writes", "init_app", "operator_changes"]


def init_app(app: Flask) -> None:
    data = operators, tokens, campaigns, advertisers, connections, credentials, audit
    for command in (*data, sync, api, run_worker, health, backup, restore, doctor):
        app.cli.add_command(command)
