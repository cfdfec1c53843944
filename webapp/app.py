"""The composition root: configuration, extensions, blueprints, error handlers."""

from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from sqlalchemy.engine import make_url

from webapp import api, models
from webapp.advertisers import views as advertisers
from webapp.api import docs_views as docs
from webapp.api import token_views as tokens
from webapp.attention import views as attention
from webapp.audit import views as audit
from webapp.auth import access
from webapp.auth import views as auth
from webapp.bulk import views as bulk
from webapp.campaigns import views as campaigns
from webapp.changes import views as changes
from webapp.core.config import Settings, load_settings
from webapp.core.db import db, engine_options
from webapp.core.keys import secret_key
from webapp.exchange import limits
from webapp.exchange import views as exchange
from webapp.notices import views as notices
from webapp.ops import contact, health, logs, metrics
from webapp.overview import navigation
from webapp.overview import views as overview
from webapp.people import account_views as account
from webapp.people import factor_sign_in_views
from webapp.people import factor_views as factor
from webapp.people import oidc_views as oidc
from webapp.people import rules_views as rules
from webapp.people import views as people
from webapp.savedviews import views as savedviews
from webapp.sync import views as sync
from webapp.web import (
    bodies,
    compression,
    errors,
    filters,
    headers,
    hosts,
    htmx,
    requests,
    static_files,
)
from webapp.web.addresses import Application

ROOT = Path(__file__).parent.parent
MAX_REQUEST_BYTES = 1024 * 1024
# Of a form that carries a file: ours has three fields.
MAX_FORM_PARTS = 20

__all__ = ["create_app", "factor_sign_in_views", "models"]


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Starts no thread, no scheduler, and sends nothing anywhere."""
    settings = settings or load_settings()
    app = Application(
        "webapp", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    _configure(app, settings)
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    # Requests first: what follows logs with its id and reads within its transaction.
    requests.init_app(app)
    metrics.init_app(app)
    hosts.init_app(app, settings)
    bodies.init_app(app)
    htmx.init_app(app)
    headers.init_app(app)
    compression.init_app(app)
    static_files.init_app(app)
    errors.init_app(app)
    filters.init_app(app)
    limits.init_app(app)
    access.init_app(app)
    csrf = CSRFProtect(app)
    # The API takes tokens and never cookies: there is no session a foreign page could ride on.
    csrf.exempt(api.blueprint)
    navigation.init_app(app)
    pages = (
        auth,
        overview,
        campaigns,
        savedviews,
        attention,
        notices,
        changes,
        advertisers,
        sync,
        audit,
        bulk,
        exchange,
        tokens,
        account,
        factor,
        oidc,
        rules,
        people,
    )
    for feature in (*pages, docs, contact, health, metrics):
        app.register_blueprint(feature.blueprint)
    app.register_blueprint(api.blueprint)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    url = settings.sqlalchemy_url
    if make_url(url).get_backend_name() == "sqlite":
        Path(make_url(url).database or ".").parent.mkdir(parents=True, exist_ok=True)
    logs.configure(settings)
    app.config.update(
        SETTINGS=settings,
        # Whatever FLASK_DEBUG says: what went wrong is for the log.
        DEBUG=False,
        # Without a proxy of ours in front, whoever asks could take the id of another's request.
        PROXY_GIVES_IDS=settings.trusted_proxies > 0,
        ZONE=settings.zone,
        SECRET_KEY=secret_key(settings),
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(url),
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_REQUEST_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        # With this prefix a browser takes it from this host only, by https, for all paths.
        SESSION_COOKIE_NAME="__Host-flightdeck" if settings.uses_https else "flightdeck",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.uses_https,
        # A form belongs to its session; a page left open over lunch still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
