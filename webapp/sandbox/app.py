"""Puts the stand-in together as a Flask app: the v1 paths, and what else was switched on."""

from flask import Flask

from webapp.sandbox import api, control, page
from webapp.sandbox.standin import KEY, Standin


def create_app(standin: Standin) -> Flask:
    """The WSGI app that serves this stand-in."""
    app = Flask(__name__, static_url_path="/static")
    app.extensions[KEY] = standin
    app.register_blueprint(api.blueprint)
    app.register_blueprint(page.blueprint)
    if standin.control:
        app.register_blueprint(control.blueprint)
    return app
