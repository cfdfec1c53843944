"""Health: one public address that says whether this process can serve."""

import structlog
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.core.db import db

blueprint = Blueprint("ops", __name__)

log = structlog.get_logger()


@blueprint.get("/healthz")
def healthy() -> ResponseReturnValue:
    """200 when the database answers, else 503. Says nothing about ad servers: they may be down."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        log.exception("database_unreachable")
        return jsonify(status="database unreachable"), 503
    return jsonify(status="ok")
