"""Every way to change something by a page: what is pressed, and what has to be there for it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.datastructures import MultiDict

from tests import factories
from tests.auth.factors import has_factor, secret_on
from tests.bulk.desk import Desk
from tests.campaigns.form_work import (
    BOOK,
    SAVE,
    SETTLE,
    conflicts_address,
    edit_elsewhere,
    in_conflict,
)
from tests.changes.test_parked_page import gone, lost_booking
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.audit import queries as audit
from webapp.auth import queries as auth
from webapp.auth import sessions
from webapp.auth.models import Invitation, Operator
from webapp.bulk import service as bulk
from webapp.bulk.models import BulkJob
from webapp.bulk.operations import Archive, SetBudget
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db


class Presser:
    """Someone signed in, who sends forms by hand with the token that all forms have."""

    def __init__(self, app: Flask, client: Client, who: Operator) -> None:
        self.app, self.client, self.who = app, client, who
        self.desk = Desk(who)
        self.token = get_page(client, "/bulk").root.all("input", name="csrf_token")[0]["value"]

    def post(self, path: str, **data: Any) -> None:
        fields: Mapping[str, Any] = {"csrf_token": self.token, **data}
        answer = self.client.post(path, data=MultiDict(fields))
        assert answer.status_code in (200, 204, 302), (path, answer.status_code, answer.text[-900:])

    def submit(self, path: str, button: str, **data: Any) -> None:
        get_page(self.client, path).submit(button, data)


Walk = Callable[[Presser], object]
IN_TWO_DAYS = f"{utc_now() + timedelta(days=2):%Y-%m-%dT12:00}"


def verb(verb: str, make: Callable[[], Change], **data: Any) -> Walk:
    """Press a verb of a change."""
    return lambda p: p.post(f"/changes/{make().id}/{verb}", **data)


def ready(**values: Any) -> Change:
    return factories.change(factories.campaign(), **values)


def archived() -> Campaign:
    return factories.campaign(archived_at=factories.SOME_DAY)


def edit(p: Presser) -> None:
    campaign = factories.campaign(title="One")
    p.submit(f"/campaigns/{campaign.uuid}/edit", SAVE, title="Two")


def book(p: Presser) -> None:
    advertiser = factories.advertiser()
    p.submit("/campaigns/new", BOOK, title="New", advertiser_id=str(advertiser.id))


def weigh(p: Presser) -> None:
    campaign = factories.campaign(title="One")
    form = get_page(p.client, f"/campaigns/{campaign.uuid}/edit")
    edit_elsewhere(campaign, title="Theirs")
    clash = form.submit(SAVE, {"title": "Mine"}, status=409)
    clash.submit(SAVE, {"choice-title": "typed", "title": "Both"})


def restore(p: Presser) -> None:
    campaign = factories.campaign(title="One")
    edit_elsewhere(campaign, title="Two")
    then = audit.last_event_id("campaign", campaign.id)
    edit_elsewhere(campaign, title="Three")
    p.submit(f"/campaigns/{campaign.uuid}/restore/{then}", "Restore what is ticked")


def undo_change(p: Presser) -> None:
    campaign = factories.campaign(title="One")
    edit_elsewhere(campaign, title="Two")
    change = db.session.query(Change).filter_by(campaign_id=campaign.id).one()
    p.submit(f"/changes/{change.id}/undo", "Restore here")


def undo_pulled(p: Presser) -> None:
    pulled = factories.pulled_change(factories.campaign(), factories.sync_run())
    path = f"/sync/items/{pulled.id}/undo"
    page = get_page(p.client, path)
    page.submit(next(f for f in page.forms if f.action == path))


def job(p: Presser, *, started: bool = True) -> BulkJob:
    planned = p.desk.plan([factories.campaign().id], SetBudget(500, "USD"))
    return p.desk.start(planned) if started else planned


def of_job(name: str, **data: Any) -> Walk:
    return lambda p: p.post(f"/bulk/{job(p, started=name != 'start').uuid}/{name}", **data)


def resume_job(p: Presser) -> None:
    paused = bulk.pause(p.desk.actor, job(p))
    p.post(f"/bulk/{paused.uuid}/resume")


def undo_job(p: Presser) -> None:
    done = p.desk.do([factories.campaign().id], Archive())
    p.post(f"/bulk/{done.uuid}/undo")
    (undo,) = db.session.query(BulkJob).filter_by(kind="undo")
    p.post(f"/bulk/{undo.uuid}/start", confirmed="on", plan="0")


def run_verb(name: str, state: str, **data: Any) -> Walk:
    of_state: dict[str, Callable[[], dict[str, Any]]] = {
        "braked": lambda: {"brake": [factories.campaign().id]},
        "cancelled": lambda: {"stage": "campaigns", "cursor": "page-7"},
    }

    def walk(p: Presser) -> None:
        run = factories.sync_run(state=state, **of_state.get(state, dict)())
        p.post(f"/sync/{run.id}/{name}", **data)

    return walk


def release(p: Presser) -> None:
    path = f"/connections/{factories.the_connection().id}"
    p.post(f"{path}/hold", reason="Rates change")
    p.post(f"{path}/release")


def delete_view(p: Presser) -> None:
    view = factories.saved_view(p.who)
    p.post(f"/views/{view.uuid}/remove", drawn=view.mark)


def rename_view(p: Presser) -> None:
    view = factories.saved_view(p.who)
    p.post(f"/views/{view.uuid}", name="Other", mark=view.mark)


def save_view(p: Presser) -> None:
    view = factories.saved_view(p.who)
    p.post(f"/views/{view.uuid}/save", list="q=other", drawn=view.mark)


def of_token(name: str) -> Walk:
    def walk(p: Presser) -> None:
        factories.api_token(operator_id=p.who.id)
        path = f"/tokens/{auth.list_tokens()[0][0].id}/{name}"
        if name == "revoke":
            p.post(path)
            return
        page = get_page(p.client, path)
        page.submit(next(f for f in page.forms if f.action == path))

    return walk


def new_token(p: Presser) -> None:
    page = get_page(p.client, "/tokens/new")
    page.submit(
        next(f for f in page.forms if f.method == "post" and "name" in f.values), {"name": "x"}
    )


def of_person(name: str, button: str, *, active: bool = True, **data: Any) -> Walk:
    def walk(p: Presser) -> None:
        person = factories.operator(active=active)
        factories.session(person)
        has_factor(person)
        p.submit(f"/people/{person.id}/{name}", button, **data)

    return walk


def other_session(p: Presser) -> int:
    """Of the one who presses, in another browser."""
    sessions.begin(p.who, address="192.0.2.7", agent="other", now=utc_now())
    return sessions.list_of(p.who.id)[0].id


def end_other_sessions(p: Presser) -> None:
    other_session(p)
    p.post("/account/sessions/end-others")


def change_password(p: Presser) -> None:
    new = "another one entirely"
    typed = {"current": factories.PASSWORD, "new": new, "repeated": new}
    p.submit("/account/password", "Change the password", **typed)


def set_up_factor(p: Presser) -> None:
    page = get_page(p.client, "/account/second-factor/set-up")
    page.submit("Set up a second factor", {"code": secret_on(page).code()})


def with_code(path: str, button: str) -> Walk:
    def walk(p: Presser) -> None:
        # Admins may not do without.
        p.who.role = "manager"
        phone, _ = has_factor(p.who)
        p.submit(f"/account/second-factor/{path}", button, code=phone.code())

    return walk


def end_one_session(p: Presser) -> None:
    person = factories.operator()
    begun = sessions.find(factories.session(person), utc_now())
    assert begun
    p.post(f"/people/{person.id}/sessions/{begun.id}/end")


def withdraw_invitation(p: Presser) -> None:
    factories.invitation()
    (invitation,) = db.session.query(Invitation)
    p.submit(f"/people/invitations/{invitation.id}/withdraw", "Withdraw the invitation")


PAGES: dict[str, Walk] = {
    "account.end_others": end_other_sessions,
    "account.end_session": lambda p: p.post(f"/account/sessions/{other_session(p)}/end"),
    "account.password": change_password,
    "attention.close_duplicate": lambda p: p.post(
        f"/needs-you/duplicates/{factories.duplicate(factories.campaign()).id}/close"
    ),
    "bulk.cancel": of_job("cancel"),
    "bulk.pause": of_job("pause"),
    "bulk.resume": resume_job,
    "bulk.start": of_job("start", confirmed="on", plan="1"),
    "bulk.undo": undo_job,
    "campaigns.archive": lambda p: p.post(f"/campaigns/{factories.campaign().uuid}/archive"),
    "campaigns.book_again": lambda p: p.post(f"/campaigns/{lost_booking()[0].uuid}/book-again"),
    "campaigns.conflicts": lambda p: p.submit(
        conflicts_address(in_conflict()), SETTLE, **{"choice-budget": "theirs"}
    ),
    "campaigns.edit": edit,
    "campaigns.new": book,
    "campaigns.restore": restore,
    "campaigns.unarchive": lambda p: p.post(f"/campaigns/{archived().uuid}/unarchive"),
    "campaigns.weigh": weigh,
    "changes.bulk": lambda p: p.post("/changes/bulk", verb="hold", change=str(ready().id)),
    "changes.cancel": verb("cancel", ready),
    "changes.find_out": verb("find-out", lambda: lost_booking()[1]),
    "changes.hold": verb("hold", ready),
    "changes.release": verb("release", lambda: ready(state="held", held_by="a@example.com")),
    "changes.send_at": verb(
        "send-at", ready, when=f"{utc_now() + timedelta(days=2):%Y-%m-%dT12:00}"
    ),
    "changes.settle": lambda p: p.post(f"/changes/parked/{gone()[0].uuid}", verb="archive"),
    "changes.undo": undo_change,
    "notices.choices": lambda p: p.post("/notices/choices"),
    "people.end_session": end_one_session,
    "people.end_sessions": of_person("end-sessions", "End all sessions"),
    "factor.codes": with_code("codes", "Make new recovery codes"),
    "factor.off": with_code("off", "Switch off the second factor"),
    "factor.set_up": set_up_factor,
    "people.invite": lambda p: p.submit(
        "/people/invite", "Make the link", email="new@example.com", role="viewer"
    ),
    "people.reset_factor": of_person("reset-factor", "Reset the second factor"),
    "people.role": of_person("role", "Give this role", role="viewer"),
    "people.switch_off": of_person("switch-off", "Switch off"),
    "people.switch_on": of_person("switch-on", "Switch on", active=False),
    "people.withdraw": withdraw_invitation,
    "rules.index": lambda p: p.submit("/people/rules", "Save the rules", for_all="y"),
    "savedviews.delete": delete_view,
    "savedviews.edit": rename_view,
    "savedviews.home": lambda p: p.post("/views/home", view="archived"),
    "savedviews.new": lambda p: p.post("/views/new?list=q%3Dspring", name="Spring"),
    "savedviews.save": save_view,
    "sync.cancel": run_verb("cancel", "requested"),
    "sync.decide": run_verb("brake", "braked", decision="keep"),
    "sync.hold": lambda p: p.post(
        f"/connections/{factories.the_connection().id}/hold", reason="Rates change"
    ),
    "sync.release_now": release,
    "sync.resume": run_verb("resume", "cancelled"),
    "sync.run_now": lambda p: p.post(f"/sync/connections/{factories.the_connection().id}/run"),
    "sync.token": lambda p: p.post(
        f"/connections/{factories.the_connection().id}/token", token="another-token"
    ),
    "sync.undo": undo_pulled,
    "tokens.new": new_token,
    "tokens.revoke": of_token("revoke"),
    "tokens.rotate": of_token("rotate"),
}

DRAFTED = "A draft changes no campaign; it is told of when it is started."
NOT_TOLD: dict[str, str] = {
    "auth.code": "Told when a recovery code is used up (tests/auth/test_second_factor_sign_in.py).",
    "auth.enrol": "Whoever sets it up is told of as themselves (the same file).",
    "auth.sign_in": "Begins a session and changes nothing else; failures are kept to slow down.",
    "auth.confirm": "Notes that the password was typed; what follows is told of by itself.",
    "auth.sign_out": "Ends a session and changes nothing else.",
    "auth.stay": "Lets one's own session last, as looking at any page does.",
    "oidc.start": "Asks a service; coming back is what is told (tests/auth/test_oidc.py).",
    "bulk.plan": DRAFTED,
    "bulk.retry": DRAFTED,
    "bulk.select": DRAFTED,
    "bulk.tick": DRAFTED,
    "exchange.again": DRAFTED,
    "exchange.upload": DRAFTED,
    "overview.single_keys": "Which keys are shortcuts for oneself is nobody else's matter.",
    "people.join": "Whoever joins is told of as themselves (tests/people/test_joining.py).",
    "sync.check": "Asks the ad server; told when it answers (tests/sync/test_connection_page.py).",
}
