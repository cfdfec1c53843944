"""What of a campaign nothing moves on by itself, and the ways on that somebody may choose from."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.audit.service import Actor
from webapp.campaigns import outgoing, pending, queries
from webapp.campaigns.models import STUCK, Campaign, Change
from webapp.changes import service
from webapp.core.errors import TooLate
from webapp.sync import candidates

FIND_OUT, LINK, BOOK_AGAIN, ARCHIVE = "find-out", "link", "book-again", "archive"
RECREATE, DETACH, SEND_AGAIN = "recreate", "detach", "send-again"


@dataclass(frozen=True, slots=True)
class Parked:
    """``unknown`` may have arrived, ``given_up`` was never sent, ``cancelled`` is a booking that
    was taken back. ``candidates`` are campaigns that the booking may be."""

    campaign: Campaign
    unknown: Change | None
    given_up: Change | None
    cancelled: Change | None
    candidates: Sequence[Campaign]
    is_gone: bool

    @property
    def is_booking(self) -> bool:
        return self.unknown is not None and self.campaign.remote_id is None

    @property
    def is_made(self) -> bool:
        """Whether the ad server has it, as another campaign of ours."""
        return self.unknown is not None and self.unknown.error_code == queries.MADE_THERE

    @property
    def ways(self) -> tuple[str, ...]:
        """What may be chosen; each verb looks again when it is done."""
        link = (LINK,) if self.candidates else ()
        if self.is_booking:
            return (ARCHIVE, *link) if self.is_made else (FIND_OUT, *link, BOOK_AGAIN)
        if self.is_gone:
            return (RECREATE, DETACH)
        if self.unknown:
            return (FIND_OUT,)
        if self.given_up:
            return (SEND_AGAIN,)
        return (BOOK_AGAIN,) if self.cancelled else ()


def look(campaign: Campaign) -> Parked:
    return Parked(
        campaign,
        unknown=_unknown(campaign),
        given_up=next(iter(service.given_up(campaign)), None),
        cancelled=pending.cancelled_create(campaign),
        candidates=candidates.candidates_of(campaign),
        is_gone=candidates.is_gone_there(campaign),
    )


def find_out(actor: Actor, campaign: Campaign) -> Change:
    """Have the worker look what became of it. Raises ``TooLate`` when nothing is unknown."""
    change = _unknown(campaign)
    if change is None or change.error_code == queries.MADE_THERE:
        raise TooLate("Nothing of it is unknown any more. Look at what is there now.")
    return outgoing.find_out(actor, change)


def _unknown(campaign: Campaign) -> Change | None:
    """The change that may have arrived, and is no longer looked for by itself."""
    if campaign.remote_id is None:
        return queries.unknown_create(campaign)
    stuck = (c for c in queries.changes_of(campaign) if c.state == STUCK and c.sent_payload)
    return next((c for c in stuck if c.error_code != service.NOT_THERE), None)
