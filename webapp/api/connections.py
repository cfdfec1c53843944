"""Connections for scripts: how they are, and keeping everything from being sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access
from webapp.api.ids import number_of
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import connections as schemas
from webapp.api.serialize import Json, moment
from webapp.api.writing import writing
from webapp.auth.permissions import Scope
from webapp.connections import queries, service
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.sync import request_log
from webapp.sync.breaker import OPENS_AFTER
from webapp.sync.budget import most_a_minute
from webapp.sync.queries import freshness_of
from webapp.web.settings import sync_interval

TAG = "Connections"
# What a check counted is as old as the check; the rest is what the ad server can do.
COUNTED = ("advertisers", "campaigns", "looked_at", "unreadable", "marker_seen", "marker")


@operation(
    "GET",
    "/connections",
    Declaration(Scope.READ, TAG, "List connections", {200: schemas.ConnectionList}),
)
def list_connections() -> ResponseReturnValue:
    """Each ad-server account that campaigns live in: its state, and how fresh our copy of it is."""
    return jsonify({"items": _answers(queries.shown_connections())})


@operation(
    "POST",
    "/connections/<connection_id>/pause",
    Declaration(
        Scope.ADMIN,
        TAG,
        "Pause all sending",
        {200: schemas.Connection},
        body=schemas.PauseBody,
        errors=frozenset({"not_found"}),
        example={"reason": "Rates are being renegotiated."},
    ),
)
def pause_connection(connection_id: str, body: schemas.PauseBody) -> ResponseReturnValue:
    """Keep every change from being sent until somebody resumes it; reading goes on.

    What is being sent at this moment still ends. Paused already, it stays so for the first reason.
    """
    with writing():
        connection = queries.get_connection(number_of(connection_id, "connection"))
        service.hold_sending(access.actor(), connection, body.reason)
        answer = _answers([connection])[0]
    return jsonify(answer)


@operation(
    "POST",
    "/connections/<connection_id>/resume",
    Declaration(
        Scope.ADMIN,
        TAG,
        "Resume sending",
        {200: schemas.Connection},
        errors=frozenset({"not_found"}),
    ),
)
def resume_connection(connection_id: str) -> ResponseReturnValue:
    """What was kept back goes out, unless something else keeps it. Not paused, nothing happens."""
    with writing():
        connection = queries.get_connection(number_of(connection_id, "connection"))
        service.release_sending(access.actor(), connection)
        answer = _answers([connection])[0]
    return jsonify(answer)


def _answers(connections: Sequence[Connection]) -> list[Json]:
    used = request_log.used_by_each([each.id for each in connections], utc_now())
    return [_answer(each, used) for each in connections]


def _answer(connection: Connection, used: Mapping[int, int]) -> Json:
    return {
        "id": str(connection.id),
        "platform": connection.platform,
        "name": connection.name,
        "organization_id": connection.external_id,
        "base_url": connection.base_url,
        "state": connection.state,
        "reason": connection.state_reason,
        "held": _held(connection),
        "freshness": _freshness(connection),
        "breaker": {
            "is_open": connection.failures >= OPENS_AFTER,
            "failures": connection.failures,
            "trial_at": moment(connection.trial_at),
            "retry_tokens": connection.retry_tokens,
        },
        "requests": {
            "last_minute": used.get(connection.id, 0),
            "most_a_minute": most_a_minute(current_app.config["SETTINGS"]),
        },
        "external_ids": connection.marker_mode,
        "capabilities": _capabilities(connection.capabilities),
        "checked_at": moment(connection.checked_at),
    }


def _held(connection: Connection) -> Json | None:
    if connection.held_at is None:
        return None
    return {
        "at": moment(connection.held_at),
        "by": connection.held_by,
        "reason": connection.hold_reason,
    }


def _freshness(connection: Connection) -> Json:
    found = freshness_of(connection, sync_interval())
    return {
        "late": found.late,
        "age_seconds": int(found.age.total_seconds()) if found.age is not None else None,
        "interval_seconds": int(found.interval.total_seconds()),
        "last_attempt_at": moment(connection.last_attempt_at),
        "last_success_at": moment(connection.last_success_at),
    }


def _capabilities(found: Mapping[str, Any] | None) -> Json | None:
    if found is None:
        return None
    return {name: value for name, value in found.items() if name not in COUNTED}
