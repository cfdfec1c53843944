"""The page of a connection: how it goes, what it can, and holding and releasing its sending."""

from collections.abc import Sequence
from datetime import datetime

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.connections import queries as connections
from webapp.connections import service
from webapp.connections.words import MARKER_MEANINGS, MARKER_WORDS
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput
from webapp.sync import budget, connection_queries, queries
from webapp.sync.check import CheckFailed, check_connection
from webapp.sync.words import ARCHIVE_WORDS, CAPABILITY_WORDS, PAUSE_STEPS, going_out
from webapp.web.forms import clean_text
from webapp.web.settings import sync_interval


@requires(Permission.READ)
def show(connection_id: int) -> str:
    return _page(connection_id)


def _page(connection_id: int, problem: str | None = None) -> str:
    connection = connections.get_connection(connection_id)
    return render_template(
        "sync/connection.html",
        connection=connection,
        status=queries.freshness_of(connection, sync_interval()),
        health=connection_queries.health_of(connection, _settings(), utc_now()),
        going_out=going_out(connection_queries.counts_of(connection)),
        marker_words=MARKER_WORDS[connection.marker_mode],
        marker_meaning=MARKER_MEANINGS[connection.marker_mode],
        capability_words=CAPABILITY_WORDS,
        archive_words=ARCHIVE_WORDS,
        next_step=PAUSE_STEPS.get(connection.pause_kind or ""),
        hour_rows=_hour_rows,
        problem=problem,
        latest_token=connections.latest_token(connection),
    )


def _hour_rows(hours: Sequence[tuple[datetime, int]]) -> list[tuple[str, int, str]]:
    zone = current_app.config["ZONE"]
    return [(f"{start.astimezone(zone):%H:%M}", number, f"{number:,}") for start, number in hours]


@requires(Permission.MANAGE_CONNECTIONS)
def hold(connection_id: int) -> ResponseReturnValue:
    """Pause all sending. Reading goes on."""
    try:
        with transaction():
            connection = connections.get_connection(connection_id)
            reason = str(clean_text(request.form.get("reason", "")))
            service.hold_sending(web_actor(), connection, reason)
    except InvalidInput as invalid:
        return _page(connection_id, invalid.fields["reason"]), 422
    flash("Nothing is sent until somebody resumes it. What is on its way already ends.", "warn")
    return _to_connection(connection_id)


@requires(Permission.MANAGE_CONNECTIONS, fresh=True)
def release(connection_id: int) -> ResponseReturnValue:
    """What goes out when sending is resumed, before it is."""
    connection = connections.get_connection(connection_id)
    if connection.held_at is None:
        return _to_connection(connection_id)
    return render_template(
        "sync/release.html",
        connection=connection,
        outgoing=connection_queries.outgoing(connection, utc_now()),
    )


@requires(Permission.MANAGE_CONNECTIONS, fresh=True)
def release_now(connection_id: int) -> ResponseReturnValue:
    with transaction():
        connection = connections.get_connection(connection_id)
        service.release_sending(web_actor(), connection)
    flash("Sending goes on.", "ok")
    return _to_connection(connection_id)


@requires(Permission.RUN_SYNC)
def check(connection_id: int) -> ResponseReturnValue:
    actor, settings = web_actor(), _settings()
    connections.get_connection(connection_id)
    # The ad server may take its time; nothing of ours is kept from others meanwhile.
    db.session.rollback()
    limiter = budget.limiter(settings, db.engine)
    try:
        check_connection(actor, connection_id, settings, limiter)
    except CheckFailed as failed:
        flash(str(failed), "bad")
    else:
        flash("It answers as it should.", "ok")
    return _to_connection(connection_id)


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _to_connection(connection_id: int) -> ResponseReturnValue:
    return redirect(url_for("sync.connection", connection_id=connection_id))
