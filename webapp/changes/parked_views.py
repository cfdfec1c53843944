"""Campaigns that nothing moves on by itself: what an operator can do about each."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import outgoing
from webapp.campaigns import queries as campaigns
from webapp.campaigns import service as bookings
from webapp.campaigns.edit_views import back
from webapp.campaigns.models import STUCK, Campaign, Change
from webapp.changes import service
from webapp.core.db import transaction
from webapp.core.errors import DomainError, NotFound, TooLate
from webapp.sync import candidates


@requires(Permission.READ)
def parked(uuid: str) -> ResponseReturnValue:
    campaign = campaigns.get_campaign(uuid)
    unknown = _unknown(campaign)
    return render_template(
        "changes/parked.html",
        campaign=campaign,
        unknown=unknown,
        is_made=unknown is not None and unknown.error_code == campaigns.MADE_THERE,
        is_booking=unknown is not None and campaign.remote_id is None,
        candidates=candidates.candidates_of(campaign),
        is_gone=candidates.is_gone_there(campaign),
        back=back(),
        given_up=next(iter(service.given_up(campaign)), None),
    )


@requires(Permission.EDIT_CAMPAIGNS)
def settle(uuid: str) -> ResponseReturnValue:
    """Do what was chosen, if things are still as they were when it was."""
    act, done = WAYS_ON.get(request.form.get("verb", ""), (None, ""))
    if act is None:
        flash("Choose what is to be done.", "warn")
        return redirect(url_for("changes.parked", uuid=uuid, back=back()))
    try:
        with transaction():
            act(campaigns.get_campaign(uuid))
    except DomainError as problem:
        flash(str(problem), "warn")
        return redirect(url_for("changes.parked", uuid=uuid, back=back()))
    flash(done, "ok")
    return redirect(back() or url_for("campaigns.show", uuid=uuid))


def _unknown(campaign: Campaign) -> Change | None:
    """The change that may have arrived, and is no longer looked for by itself."""
    if campaign.remote_id is None:
        return campaigns.unknown_create(campaign)
    stuck = (c for c in campaigns.changes_of(campaign) if c.state == STUCK and c.sent_payload)
    return next((c for c in stuck if c.error_code != service.NOT_THERE), None)


def _find_out(campaign: Campaign) -> None:
    change = _unknown(campaign)
    if change is None or change.error_code == campaigns.MADE_THERE:
        raise TooLate("Nothing of it is unknown any more. Look at what is there now.")
    outgoing.find_out(web_actor(), change)


def _link(campaign: Campaign) -> None:
    try:
        chosen = UUID(request.form.get("candidate", ""))
    except ValueError:
        raise NotFound("Choose one of the campaigns.") from None
    candidates.link(web_actor(), campaign, chosen)


WAYS_ON: Mapping[str, tuple[Callable[[Campaign], object], str]] = {
    "find-out": (_find_out, "Megaphone is asked as soon as an answer can be relied on."),
    "link": (_link, "Linked: this is the campaign that Megaphone has."),
    "book-again": (
        lambda campaign: bookings.book_again(web_actor(), campaign),
        "Booked again; it is on its way to Megaphone.",
    ),
    "archive": (
        lambda campaign: bookings.archive_campaign(web_actor(), campaign),
        "This entry is in the archive. Go on with the other one.",
    ),
    "recreate": (
        lambda campaign: candidates.recreate(web_actor(), campaign),
        "It is booked anew, and on its way to Megaphone.",
    ),
    "detach": (
        lambda campaign: candidates.detach(web_actor(), campaign),
        "Kept here only, in the archive. Nothing of it is sent any more.",
    ),
    "send-again": (
        lambda campaign: service.send_again(web_actor(), campaign),
        "It is on its way to Megaphone.",
    ),
}
