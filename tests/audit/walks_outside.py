"""Every way to change something by a script or at a shell."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests import factories
from tests.api.scripts import Script
from tests.audit.past_events import happen, sealed
from tests.auth.factors import has_factor
from tests.bulk.desk import Desk
from tests.campaigns.form_work import edit_elsewhere
from tests.changes.test_parked_page import gone
from tests.cli.conftest import Terminal
from webapp.audit import queries as audit
from webapp.bulk import service as bulk
from webapp.bulk.operations import Archive, SetBudget
from webapp.campaigns.models import Change
from webapp.connections import credentials
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.moments import iso

Operation = Callable[[Script, Desk], object]
Command = Callable[[Terminal], object]


def send(s: Script, method: str, path: str, body: Any = None, **headers: str) -> None:
    known = {"Authorization": f"Bearer {s.token}", "Prefer": "respond-async", **headers}
    answer = s.client.open(f"/api/v1{path}", method=method, json=body, headers=known)
    assert answer.status_code in (200, 201, 202), answer.text


def booked() -> dict[str, Any]:
    return {"title": "New", "advertiser_id": str(factories.advertiser().id)}


def many(s: Script, _desk: Desk) -> None:
    body = {
        "selection": {"ids": [str(factories.campaign().uuid)]},
        "operation": {"budget": {"total_budget_cents": 500, "total_budget_currency": "USD"}},
    }
    send(s, "POST", "/campaigns/bulk", body, **{"Idempotency-Key": str(uuid.uuid4())})


def of_job(verb: str) -> Operation:
    def walk(s: Script, desk: Desk) -> None:
        job = desk.start(desk.plan([factories.campaign().id], SetBudget(500, "USD")))
        if verb == "resume":
            bulk.pause(desk.actor, job)
        if verb == "undo":
            job = desk.do([factories.campaign().id], Archive())
        send(s, "POST", f"/bulk/{job.uuid}/{verb}", {} if verb == "undo" else None)

    return walk


def resolve(s: Script, _desk: Desk) -> None:
    conflict = factories.conflict(factories.campaign(), "title", theirs="Theirs")
    send(s, "POST", f"/conflicts/{conflict.id}/resolve", {"choice": "theirs"})


def connection(verb: str, *before: str) -> Operation:
    def walk(s: Script, _desk: Desk) -> None:
        for each in (*before, verb):
            body = {"reason": "Rates change."} if each == "pause" else None
            send(s, "POST", f"/connections/{factories.the_connection().id}/{each}", body)

    return walk


def ask_for_a_pull(s: Script, _desk: Desk) -> None:
    factories.the_connection()
    send(s, "POST", "/sync/campaigns")


def of_change(verb: str, **values: Any) -> Operation:
    def walk(s: Script, _desk: Desk) -> None:
        change = factories.change(factories.campaign(), **values)
        send(s, "POST", f"/outgoing/{change.id}/{verb}")

    return walk


def put_off(s: Script, _desk: Desk) -> None:
    change = factories.change(factories.campaign())
    body = {"when": iso(utc_now() + timedelta(days=1))}
    send(s, "PUT", f"/outgoing/{change.id}/send-at", body)


def undo(s: Script, _desk: Desk) -> None:
    campaign = factories.campaign(title="One")
    edit_elsewhere(campaign, title="Two")
    change = db.session.query(Change).filter_by(campaign_id=campaign.id).one()
    send(s, "POST", f"/outgoing/{change.id}/undo", {})


def restore(s: Script, _desk: Desk) -> None:
    campaign = factories.campaign(title="One")
    edit_elsewhere(campaign, title="Two")
    then = audit.last_event_id("campaign", campaign.id)
    edit_elsewhere(campaign, title="Three")
    send(s, "POST", f"/campaigns/{campaign.uuid}/restore", {"event_id": str(then)})


def settle(s: Script, _desk: Desk) -> None:
    owner, _ = gone()
    send(s, "POST", f"/campaigns/{owner.uuid}/settle", {"choice": "detach"})


def close_duplicate(s: Script, _desk: Desk) -> None:
    send(s, "POST", f"/duplicates/{factories.duplicate(factories.campaign()).id}/close")


def put(tail: str, **body: Any) -> Operation:
    return lambda s, _: send(s, "PUT", f"/campaigns/{factories.campaign().uuid}{tail}", body)


OPERATIONS: dict[str, Operation] = {
    "archive_campaign": put("/archive", archived=True),
    "cancel_bulk_change": of_job("cancel"),
    "cancel_outgoing": of_change("cancel", fields=["budget"]),
    "change_many": many,
    "close_duplicate": close_duplicate,
    "create_campaign": lambda s, _: send(s, "POST", "/campaigns", booked()),
    "find_out_outgoing": of_change("find-out", state="settling"),
    "hold_outgoing": of_change("hold"),
    "pause_bulk_change": of_job("pause"),
    "pause_connection": connection("pause"),
    "put_off_outgoing": put_off,
    "release_outgoing": of_change("release", state="held", held_by="ana@example.com"),
    "resolve_conflict": resolve,
    "restore_campaign": restore,
    "resume_bulk_change": of_job("resume"),
    "resume_connection": connection("resume", "pause"),
    "settle_campaign": settle,
    "sync_campaigns": ask_for_a_pull,
    "undo_bulk_change": of_job("undo"),
    "undo_outgoing": undo,
    "update_campaign": put("", notes="New."),
}
ELSEWHERE = "It asks the ad server; that it is told is in tests/api/live."
OPERATIONS_NOT_TOLD = {
    "create_remote_campaign": ELSEWHERE,
    "sync_advertisers": "Reads names of advertisers; nothing of a campaign changes.",
    "update_remote_campaign": ELSEWHERE,
}


def of_campaign(*arguments: str) -> Command:
    verb, *options = arguments
    return lambda t: t("campaigns", verb, str(factories.campaign().uuid), *options)


def create(t: Terminal) -> None:
    advertiser = str(factories.advertiser().id)
    t("campaigns", "create", "--title", "New", "--advertiser", advertiser, "--wait", "0")


def of_token(verb: str) -> Command:
    def walk(t: Terminal) -> None:
        factories.api_token(name="old")
        t("tokens", verb, "old")

    return walk


def reset_factor(t: Terminal) -> None:
    person = factories.operator()
    has_factor(person)
    t("operators", "reset-factor", person.email)


def unlink(t: Terminal) -> None:
    person = factories.operator()
    person.oidc_subject = "known there"
    t("operators", "unlink", person.email)


def set_password(t: Terminal) -> None:
    t("operators", "set-password", factories.operator().email, "--random")


def hold(*verbs: str) -> Command:
    def walk(t: Terminal) -> None:
        for verb in verbs:
            more = ["--reason", "Rates change"] if verb == "pause" else []
            t("connections", verb, str(factories.the_connection().id), *more)

    return walk


def prune(t: Terminal) -> None:
    happen(ago=timedelta(days=500))
    sealed(now=utc_now() - timedelta(days=499))
    happen()
    sealed()
    t("audit", "prune", "--before", f"{utc_now() - timedelta(days=401):%Y-%m-%d}")


def rotate_key(t: Terminal) -> None:
    credentials.keep(factories.the_connection(), "a-token")
    t("credentials", "rotate-key", "--new")


COMMANDS: dict[str, Command] = {
    "audit prune": prune,
    "campaigns archive": of_campaign("archive"),
    "campaigns create": create,
    "campaigns update": of_campaign("update", "--title", "Two", "--wait", "0"),
    "connections pause": hold("pause"),
    "connections resume": hold("pause", "resume"),
    "credentials rotate-key": rotate_key,
    "operators create": lambda t: t("operators", "create", "new@example.com", "--random"),
    "operators first-admin": lambda t: t("operators", "first-admin"),
    "operators invite": lambda t: t("operators", "invite", "new@example.com"),
    "operators set-password": set_password,
    "operators set-role": lambda t: t(
        "operators", "set-role", factories.operator().email, "viewer"
    ),
    "operators reset-factor": reset_factor,
    "operators unlink": unlink,
    "operators switch-off": lambda t: t("operators", "switch-off", factories.operator().email),
    "operators switch-on": lambda t: t(
        "operators", "switch-on", factories.operator(active=False).email
    ),
    "tokens create": lambda t: t("tokens", "create", "nightly"),
    "tokens revoke": of_token("revoke"),
    "tokens rotate": of_token("rotate"),
}
READS = "Reads only."
ITSELF = "Seals what was written down; a seal is no change of anything."
SYNC = "What it reads and sends is told by the sync itself (tests/cli/test_sync_commands.py)."
COMMANDS_NOT_TOLD = {
    "advertisers list": READS,
    "api document": READS,
    "api postman": READS,
    "audit export": READS,
    "audit seal": ITSELF,
    "audit verify": READS,
    "backup": READS,
    "campaigns list": READS,
    "campaigns show": READS,
    "connections check": "Asks the ad server; told when it answers, as on the page.",
    "connections list": READS,
    "credentials make-key": "Prints one, and keeps nothing.",
    "doctor": READS,
    "health": READS,
    "operators list": READS,
    "restore": "Puts another record in the place of this one; it says so itself.",
    "sync pull": SYNC,
    "sync push": SYNC,
    "sync runs": READS,
    "sync status": READS,
    "tokens list": READS,
    "worker": SYNC,
}
