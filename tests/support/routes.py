"""Every address of the application, and something for every name that stands in one."""

from collections.abc import Iterator

from flask import Flask, url_for
from werkzeug.routing import Rule

from tests import factories
from webapp.audit import queries as audit_queries
from webapp.audit import service as audit
from webapp.audit.service import FieldChange
from webapp.auth import queries
from webapp.auth.access import PUBLIC_ENDPOINTS, TOKEN_BLUEPRINTS
from webapp.auth.permissions import Permission
from webapp.campaigns.record import subject
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.people import queries as people

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def values() -> dict[str, str]:
    """Records that the addresses are about, made anew."""
    campaign, run = factories.campaign(), factories.sync_run()
    job = factories.bulk_job([campaign.id])
    factories.api_token()
    secret = factories.invitation()
    audit.record(factories.ACTOR, "edited", subject(campaign), [FieldChange("title", "a", "b")])
    db.session.flush()
    return {
        "event_id": str(audit_queries.last_event_id("campaign", campaign.id)),
        "uuid": str(campaign.uuid),
        "advertiser_id": str(campaign.advertiser_id),
        "remote_id": str(campaign.remote_id),
        "run_id": str(run.id),
        "pulled_id": str(factories.pulled_change(campaign, run).id),
        "connection_id": str(campaign.connection_id),
        "conflict_id": str(factories.conflict(campaign, "title", theirs="Other").id),
        "change_id": str(factories.change(campaign).id),
        "duplicate_id": str(factories.duplicate(campaign).id),
        "job_uuid": str(job.uuid),
        "file_uuid": str(factories.import_file(job).uuid),
        "view_uuid": str(factories.saved_view(factories.operator(), is_shared=True).uuid),
        "token_id": str(queries.list_tokens()[0][0].id),
        "person_id": str(factories.operator().id),
        "invitation_id": str(people.open_invitations(utc_now())[0][0].id),
        "secret": secret,
        "session_id": "1",
        "filename": "app.css",
    }


def rules(app: Flask, method: str) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()))


def unsafe(app: Flask) -> Iterator[tuple[str, Rule]]:
    """Every method that may change something, with its rule."""
    for rule in app.url_map.iter_rules():
        for method in sorted(set(rule.methods or ()) - SAFE):
            yield method, rule


def blueprint_of(rule: Rule) -> str:
    return rule.endpoint.rpartition(".")[0]


def takes_tokens(rule: Rule) -> bool:
    return blueprint_of(rule) in TOKEN_BLUEPRINTS


def permission_of(app: Flask, rule: Rule) -> Permission | None:
    return getattr(app.view_functions[rule.endpoint], "permission", None)


def address(app: Flask, rule: Rule, given: dict[str, str]) -> str:
    with app.test_request_context():
        return url_for(rule.endpoint, **{name: given[name] for name in rule.arguments})


def guarded(app: Flask, method: str) -> list[Rule]:
    """Rules that only operators may use."""
    return [
        rule
        for rule in rules(app, method)
        if rule.endpoint not in PUBLIC_ENDPOINTS and not takes_tokens(rule)
    ]
