"""The WSGI entry point: ``gunicorn wsgi:app``. ``flask`` finds its commands here too."""

from webapp import cli
from webapp.app import create_app
from webapp.cli.doctor import patient
from webapp.core.config import SettingsError

try:
    app = create_app()
except SettingsError as error:
    app = patient(f"These settings cannot be used:\n{error}")
except OSError as error:
    app = patient(f"Flightdeck cannot be started: {error}")
cli.init_app(app)
