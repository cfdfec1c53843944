"""Campaigns that nothing moves on by itself: what an operator can do about each."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.campaigns import service as bookings
from webapp.campaigns.edit_views import back
from webapp.campaigns.models import Campaign
from webapp.changes import parked as parking
from webapp.changes import service
from webapp.core.db import transaction
from webapp.core.errors import DomainError, NotFound
from webapp.sync import candidates


@requires(Permission.READ)
def parked(uuid: str) -> ResponseReturnValue:
    found = parking.look(campaigns.get_campaign(uuid))
    return render_template(
        "changes/parked.html",
        campaign=found.campaign,
        unknown=found.unknown,
        is_made=found.is_made,
        is_booking=found.is_booking,
        candidates=found.candidates,
        is_gone=found.is_gone,
        back=back(),
        given_up=found.given_up,
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


def _link(campaign: Campaign) -> None:
    try:
        chosen = UUID(request.form.get("candidate", ""))
    except ValueError:
        raise NotFound("Choose one of the campaigns.") from None
    candidates.link(web_actor(), campaign, chosen)


WAYS_ON: Mapping[str, tuple[Callable[[Campaign], object], str]] = {
    parking.FIND_OUT: (
        lambda campaign: parking.find_out(web_actor(), campaign),
        "Megaphone is asked as soon as an answer can be relied on.",
    ),
    parking.LINK: (_link, "Linked: this is the campaign that Megaphone has."),
    parking.BOOK_AGAIN: (
        lambda campaign: bookings.book_again(web_actor(), campaign),
        "Booked again; it is on its way to Megaphone.",
    ),
    parking.ARCHIVE: (
        lambda campaign: bookings.archive_campaign(web_actor(), campaign),
        "This entry is in the archive. Go on with the other one.",
    ),
    parking.RECREATE: (
        lambda campaign: candidates.recreate(web_actor(), campaign),
        "It is booked anew, and on its way to Megaphone.",
    ),
    parking.DETACH: (
        lambda campaign: candidates.detach(web_actor(), campaign),
        "Kept here only, in the archive. Nothing of it is sent any more.",
    ),
    parking.SEND_AGAIN: (
        lambda campaign: service.send_again(web_actor(), campaign),
        "It is on its way to Megaphone.",
    ),
}
