"""The WSGI entry point: ``gunicorn wsgi:app``. ``flask`` finds its commands here too."""

import sys

from webapp import cli
from webapp.app import create_app
from webapp.core.config import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"These settings cannot be used:\n{error}")
cli.init_app(app)
