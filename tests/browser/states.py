"""Every page in every state that a person can meet, made on the running product."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Page

from tests import factories
from tests.browser import account, factor, outgoing, people, tokens, typing
from tests.browser.people import ADMIN
from tests.support.stack import MANAGER, VIEWER, Stack
from webapp.audit import service as audit
from webapp.audit.queries import last_event_id
from webapp.audit.service import FieldChange
from webapp.campaigns.models import HELD, REJECTED, SETTLING, SYNC_STATES, Campaign
from webapp.campaigns.record import subject
from webapp.connections.models import DETACHED
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import BRAKED, COMPLETE, FAILED, LOST, RUNNING, SyncRun


@dataclass(frozen=True)
class Addresses:
    """Addresses of the records that the states show."""

    campaign: str
    conflict: str
    held: str
    refused: str
    checking: str
    archived: str
    complete_run: str
    failed_run: str
    lost_run: str
    running_run: str
    braked_run: str
    pulled: str
    connection: str
    held_change: str
    arrived_change: str
    lost_booking: str
    gone_record: str
    made_there: str
    twice: str
    token: str
    earlier_version: str
    person: str
    switched_off: str
    invitation: str
    join: str
    join_as_admin: str


def prepare(stack: Stack) -> Addresses:
    """Make one record for each state that the stack does not come to by itself."""
    with stack.data():
        factor.prepare()
        made = {state: _campaign(f"State {state}", sync_state=state) for state in SYNC_STATES}
        conflict = made["conflict"]
        conflict.sync_detail = "budget, title"
        factories.conflict(conflict, "budget", theirs=[250_000, "EUR"])
        factories.conflict(conflict, "title", theirs="Their title")
        made["waiting"].title = "State waiting, renamed"
        factories.change(made["waiting"], state=HELD, held_by=MANAGER, fields=["title"])
        refused = "Megaphone said: the title is taken."
        factories.change(made["refused"], state=REJECTED, last_error=refused)
        soon = utc_now() + timedelta(minutes=2)
        # Its lease is held, so that the worker leaves it alone.
        factories.change(
            made["checking"],
            state=SETTLING,
            sent_at=utc_now(),
            settle_until=soon,
            next_attempt_at=soon,
            lease_until=soon,
        )
        archived = _campaign("Archived one", archived_at=utc_now())
        _campaign("Very long title without an end " * 8, advertiser_id=None)
        _campaign("Nowhere_to_break_" * 14)
        failed = factories.sync_run(
            state=FAILED, problem="Megaphone answered 500 three times.", trigger="operator"
        )
        lost = factories.sync_run(state=LOST, read_count=7, unchanged_count=7, cursor="2")
        complete = db.session.query(SyncRun).filter_by(state=COMPLETE).first()
        assert complete
        complete.missing, complete.missing_count = [made["waiting"].id, archived.id], 300
        return Addresses(
            campaign=_address(made["confirmed"]),
            conflict=_address(conflict),
            held=_address(made["waiting"]),
            refused=_address(made["refused"]),
            checking=_address(made["checking"]),
            archived=_address(archived),
            complete_run=f"/sync/{complete.id}",
            failed_run=f"/sync/{failed.id}",
            lost_run=f"/sync/{lost.id}",
            connection=f"/connections/{complete.connection_id}",
            earlier_version=_earlier_version(),
            **_runs_of_another_connection(),
            **outgoing.prepare(),
            **tokens.prepare(),
            **people.prepare(),
        )


def _earlier_version() -> str:
    campaign = _campaign("Edited twice")
    told = [FieldChange("title", None, "Before"), FieldChange("notes", None, "Call " * 40)]
    audit.record(factories.ACTOR, "edited", subject(campaign), told)
    db.session.flush()
    return f"{_address(campaign)}/restore/{last_event_id('campaign', campaign.id)}"


def _runs_of_another_connection() -> dict[str, str]:
    """Runs that the worker leaves alone: their connection is not in its settings any more."""
    gone = factories.connection(name="Gone", state=DETACHED)
    advertiser = factories.advertiser(connection_id=gone.id)
    campaign = factories.campaign(
        title="Changed elsewhere", connection_id=gone.id, advertiser_id=advertiser.id
    )
    running = factories.sync_run(
        connection_id=gone.id,
        state=RUNNING,
        started_at=utc_now() - timedelta(minutes=1),
        heartbeat_at=utc_now() + timedelta(seconds=100),
        stage="campaigns",
        remote_total=90_000,
        read_count=40_000,
        unchanged_count=40_000,
    )
    braked = factories.sync_run(
        connection_id=gone.id,
        state=BRAKED,
        brake=[campaign.id],
        problem="Stopped by the brake: nothing was listed.",
        read_count=1,
        set_aside_count=1,
        set_aside=[{"id": "abc-1", "reason": "Its title is empty."}],
    )
    pulled = factories.pulled_change(campaign, braked)
    factories.pulled_change(campaign, braked, kind="gone")
    factories.duplicate(campaign, run_id=braked.id)
    return {
        "running_run": f"/sync/{running.id}",
        "braked_run": f"/sync/{braked.id}",
        "pulled": f"/sync/items/{pulled.id}/undo",
    }


def _campaign(title: str, **values: object) -> Campaign:
    return factories.campaign(title=title, budget=(500_000, "USD"), **values)


def _address(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.uuid}"


@dataclass(frozen=True)
class State:
    """``act`` brings the opened page into the state; ``who`` is signed in (nobody: a stranger)."""

    name: str
    path: Callable[[Addresses], str]
    who: str | None = MANAGER
    act: Callable[[Page], None] | None = None


def _at(path: str) -> Callable[[Addresses], str]:
    return lambda _addresses: path


def _submit_empty(page: Page) -> None:
    page.get_by_label("Total budget").fill("1.234")
    page.locator("form.form button.primary").click()
    page.wait_for_selector("#error-summary")


def _fail_to_sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill("someone@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#error-summary")


def _open_menu(page: Page) -> None:
    if page.locator("details.menu summary").is_visible():
        page.locator("details.menu summary").click()


def _ask_for_keys(page: Page) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")


def _switch_keys_off(page: Page) -> None:
    _ask_for_keys(page)
    page.route("**/keys", lambda route: route.fulfill(status=204))
    page.get_by_label("Single keys are shortcuts").uncheck()
    page.wait_for_selector("#live:has-text('off')", state="attached")


def _go_to(page: Page, letters: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(letters)
    page.wait_for_selector("#palette .note:visible")


def _go_somewhere(page: Page) -> None:
    _go_to(page, "state")
    page.keyboard.press("ArrowDown")


def _go_nowhere(page: Page) -> None:
    _go_to(page, "xyzzy")
    page.wait_for_selector("#palette :text('Nothing is called that')")


def _use_no_token(page: Page) -> None:
    page.get_by_role("button", name="Use this token").click()
    page.wait_for_selector("#error-summary")


def _pause_without_reason(page: Page) -> None:
    page.get_by_role("button", name="Pause all sending").click()
    page.wait_for_selector("#reason-error")


def _save_stale(page: Page) -> None:
    page.get_by_label("Title").fill("Typed on an old form")
    page.evaluate("document.querySelector('[name=version]').value = '0'")
    # As if someone had renamed it since: what the form was opened with is another title.
    page.evaluate(
        """() => {
          const opened = document.querySelector("[name=opened]");
          opened.value = JSON.stringify({...JSON.parse(opened.value), title: "As it was"});
        }"""
    )
    page.locator("form.form button.primary").click()
    page.wait_for_selector("#error-summary")


def _decide_half(page: Page) -> None:
    page.locator("#choice-title-typed").check()
    page.get_by_role("button", name="Settle and send to Megaphone").click()
    page.wait_for_selector("#error-summary")


STATES = (
    State("sign in", _at("/sign-in"), who=None),
    State("sign in refused", _at("/sign-in"), who=None, act=_fail_to_sign_in),
    State("overview", _at("/")),
    State("menu", _at("/"), act=_open_menu),
    State("list", _at("/campaigns")),
    State(
        "list sorted and filtered", _at("/campaigns?q=state&sort=-budget&archived=all&per_page=25")
    ),
    State("list with notes", _at("/campaigns?sort=nothing&page=0&per_page=7&sync=x")),
    State("list empty", _at("/campaigns?q=xyzzy")),
    State("list with chips", _at("/campaigns?q=-test+budget:>0+updated:<9y&owner=none")),
    State("list unread", _at("/campaigns?q=spring+budgt:>5000usd")),
    State("list with suggestions", _at("/campaigns"), act=typing.look_for_term),
    State("list with help", _at("/campaigns"), act=typing.ask_how_to_search),
    State("list beyond the end", _at("/campaigns?page=900")),
    State("list for a viewer", _at("/campaigns?per_page=25"), who=VIEWER),
    State("shortcuts", _at("/advertisers?q=xyzzy"), act=_ask_for_keys),
    State("shortcuts switched off", _at("/advertisers"), act=_switch_keys_off),
    State("palette", _at("/timeline"), act=_go_somewhere),
    State("palette without a match", _at("/timeline"), act=_go_nowhere),
    State("go to", _at("/palette?q=state")),
    State("go to, without a match", _at("/palette?q=xyzzy"), who=VIEWER),
    State("campaign", lambda a: a.campaign),
    State("campaign in conflict", lambda a: a.conflict),
    State("conflict page", lambda a: f"{a.conflict}/conflicts"),
    State("conflict page with errors", lambda a: f"{a.conflict}/conflicts", act=_decide_half),
    State("edit in conflict", lambda a: f"{a.conflict}/edit"),
    State("campaign on hold", lambda a: a.held),
    State("campaign refused", lambda a: a.refused),
    State("campaign being checked", lambda a: a.checking),
    State("campaign archived", lambda a: a.archived),
    State("campaign for a viewer", lambda a: a.conflict, who=VIEWER),
    State("new campaign", _at("/campaigns/new")),
    State("new campaign with errors", _at("/campaigns/new"), act=_submit_empty),
    State("edit", lambda a: f"{a.campaign}/edit"),
    State("edit out of date", lambda a: f"{a.campaign}/edit", act=_save_stale),
    State("edit that raises the budget", lambda a: f"{a.campaign}/edit", act=typing.raise_budget),
    State("edit with two readings", lambda a: f"{a.campaign}/edit", act=typing.type_two_readings),
    State("advertisers suggested", _at("/campaigns/new"), act=typing.look_for_advertiser),
    State("no advertiser suggested", _at("/campaigns/new"), act=typing.look_for_nobody),
    State("duplicate", lambda a: f"/campaigns/new?copy={a.campaign.rpartition('/')[2]}"),
    State("session ended while typing", _at("/sign-in"), who=None, act=typing.send_form),
    State("form of an earlier session", _at("/"), act=typing.send_form),
    State("advertisers", _at("/advertisers")),
    State("advertisers empty", _at("/advertisers?q=xyzzy")),
    State("sync", _at("/sync")),
    State("run", lambda a: a.complete_run),
    State("run failed", lambda a: a.failed_run),
    State("run lost", lambda a: a.lost_run),
    State("run running", lambda a: a.running_run),
    State("run stopped by the brake", lambda a: a.braked_run),
    State("run for a viewer", lambda a: a.braked_run, who=VIEWER),
    State("runs", _at("/sync/runs")),
    State("runs filtered", _at("/sync/runs?state=failed&since=day&sort=read&bogus=1")),
    State("undo what was pulled", lambda a: a.pulled),
    State("connection", lambda a: a.connection),
    State("connection's new token", lambda a: f"{a.connection}/token"),
    State("connection's new token, none", lambda a: f"{a.connection}/token", act=_use_no_token),
    State("connection without a reason", lambda a: a.connection, act=_pause_without_reason),
    State("connection for a viewer", lambda a: a.connection, who=VIEWER),
    State("changes", _at("/changes")),
    State("changes filtered", _at("/changes?state=all&q=state&age=last-1d&sort=campaign&x=1")),
    State("changes empty", _at("/changes?q=xyzzy")),
    State("changes for a viewer", _at("/changes"), who=VIEWER),
    State("changes selected", _at("/changes"), act=outgoing.select_the_page),
    State("changes acted on", _at("/changes?q=held+back"), act=outgoing.hold_what_is_held),
    State("change on hold", lambda a: a.held_change),
    State("change for a viewer", lambda a: a.held_change, who=VIEWER),
    State("undo a change", lambda a: f"{a.arrived_change}/undo"),
    State("booking in doubt", lambda a: a.lost_booking),
    State("booking that is there", lambda a: a.made_there),
    State("record gone", lambda a: a.gone_record),
    State("needs you", _at("/needs-you")),
    State("booked twice", lambda a: a.twice),
    State("timeline", _at("/timeline")),
    State("timeline filtered", _at("/timeline?source=web&q=e&sort=action&per_page=25")),
    State("timeline without a match", _at("/timeline?q=xyzzy&from=2020-01-01&kind=x;y")),
    State("an earlier version", lambda a: a.earlier_version),
    State("notices", _at("/notices")),
    State("notices filtered away", _at("/notices?kind=held&state=past&page=0")),
    State("what one is told of", _at("/notices/choices")),
    State("tokens", _at("/tokens")),
    State("no tokens", _at("/tokens"), who=VIEWER),
    State("new token with errors", _at("/tokens/new"), act=tokens.make_without_a_scope),
    State("token shown once", _at("/tokens/new"), act=tokens.make),
    State("rotate a token", lambda a: f"{a.token}/rotate"),
    State("revoke a token", lambda a: f"{a.token}/revoke"),
    State("people", _at("/people"), who=ADMIN),
    State("people filtered", _at("/people?q=off&state=off&sort=-seen&x=1"), who=ADMIN),
    State("people without a match", _at("/people?q=xyzzy"), who=ADMIN),
    State("person", lambda a: a.person, who=ADMIN),
    State("person switched off", lambda a: a.switched_off, who=ADMIN),
    State("role", lambda a: f"{a.person}/role", who=ADMIN),
    State("the same role", lambda a: f"{a.person}/role", who=ADMIN, act=people.give_the_same_role),
    State("switch off", lambda a: f"{a.person}/switch-off", who=ADMIN),
    State("switch on", lambda a: f"{a.switched_off}/switch-on", who=ADMIN),
    State("end sessions", lambda a: f"{a.person}/end-sessions", who=ADMIN),
    State("reset a second factor", lambda a: f"{a.person}/reset-factor", who=ADMIN),
    State("invite nobody", _at("/people/invite"), who=ADMIN, act=people.invite_nobody),
    State("invited", _at("/people/invite"), who=ADMIN, act=people.invite),
    State("withdraw an invitation", lambda a: f"{a.invitation}/withdraw", who=ADMIN),
    State("roles", _at("/people/roles"), who=VIEWER),
    State("join", lambda a: a.join, who=None),
    State("join as admin", lambda a: a.join_as_admin, who=None, act=people.join_with_a_slip),
    State("join, signed in", lambda a: a.join),
    State("join, too late", _at("/join/fdk_join_nothing"), who=None),
    State("account", _at("/account")),
    State("another password", _at("/account/password"), act=account.type_no_password),
    State("is it you", _at("/confirm?next=/tokens"), act=account.confirm_with_nothing),
    State("second factor off", _at("/account/second-factor")),
    State("second factor on", _at("/account/second-factor"), who=ADMIN),
    State(
        "second factor set up wrong",
        _at("/account/second-factor/set-up"),
        act=factor.type_wrong_code,
    ),
    State("another app", _at("/account/second-factor/set-up"), who=ADMIN),
    State("new recovery codes", _at("/account/second-factor/codes"), who=ADMIN),
    State("rules", _at("/people/rules"), who=ADMIN),
    State("code asked for", _at("/sign-in"), who=None, act=factor.be_asked),
    State("code refused", _at("/sign-in"), who=None, act=factor.be_refused),
    State("recovery code asked for", _at("/sign-in"), who=None, act=factor.lack_the_app),
    State("second factor required", _at("/sign-in"), who=None, act=factor.have_to_set_up),
    State("forbidden", _at("/campaigns/new"), who=VIEWER),
    State("not found", _at("/nowhere")),
    State("not found for a stranger", _at("/nowhere"), who=None),
)
