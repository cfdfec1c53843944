"""Operators at work: they book, edit and decide, and a journal keeps what each of them saved."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from tests.factories import values_of
from tests.proof.evidence import Saved
from tests.proof.looks import Act
from webapp.advertisers.models import Advertiser
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.campaigns import decisions, outgoing, queries, service, undo
from webapp.campaigns.fields import GROUPS, CampaignValues, Snapshot, columns_of, snapshot
from webapp.campaigns.models import NOT_SENT, Campaign, Change, Conflict
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core import clock
from webapp.core.db import db, transaction
from webapp.core.errors import DomainError, NotFound
from webapp.sync import candidates
from webapp.sync.models import SyncRun

ANA = Actor("ana@example.com", "web")


def _undo(change: Change) -> object:
    shown = undo.preview(change)
    groups = [each.group for each in shown.groups if each.is_possible]
    return undo.undo(ANA, change, shown.version, groups, uuid4())


VERBS: dict[str, Callable[[Change], object]] = {
    "hold": lambda change: outgoing.hold(ANA, change),
    "release": lambda change: outgoing.release(ANA, change),
    "cancel": lambda change: outgoing.cancel(ANA, change),
    "find out": lambda change: outgoing.find_out(ANA, change),
    "undo": _undo,
}


@dataclass(frozen=True)
class Form:
    """An edit form as it was opened."""

    campaign_id: int
    version: int
    values: CampaignValues
    key: UUID = field(default_factory=uuid4)


@dataclass
class Journal:
    """What was saved, booked and archived, in order."""

    saved: list[Saved] = field(default_factory=list)
    booked: set[int] = field(default_factory=set)
    archived: set[int] = field(default_factory=set)

    def titles(self, campaign_id: int) -> set[str]:
        """Every title that it ever had: it may have been sent with any of them."""
        return {
            each.value
            for each in self.saved
            if each.campaign_id == campaign_id and each.group == "title"
        }

    def note(self, campaign: Campaign, before: Snapshot, at: float) -> None:
        """Keep what this save changed, in the transaction that saved it."""
        after = snapshot(campaign)
        db.session.flush()
        last = db.session.scalar(select(func.max(AuditEvent.id))) or 0
        self.saved += [
            Saved(campaign.id, group, after[group], last, at)
            for group in GROUPS
            if before.get(group, self) != after[group]
        ]


class Operators:
    """Each verb is a request of its own; it returns the words of a refusal, or ``None``.

    ``inside`` runs something in an application context of its own, as a request does.
    """

    def __init__(self, inside: Act, now: Callable[[], float]) -> None:
        self._inside = inside
        self._now = now
        self._numbers = itertools.count(1)
        self.journal = Journal()

    def campaign_ids(self) -> list[int]:
        return list(self._inside(lambda: db.session.scalars(select(Campaign.id)).all()))

    def new_values(self, groups: list[str], form: Form) -> CampaignValues:
        """The form with other values typed into these groups."""
        typed: dict[str, Any] = {}
        for group in groups:
            typed |= columns_of(group, self._new_value(group, form.values))
        return replace(form.values, **typed)

    def _new_value(self, group: str, values: CampaignValues) -> Any:
        number = next(self._numbers)
        if group == "title":
            return f"Ours {number}"
        if group == "budget":
            return [2_000_000 + number, "USD"]
        if group == "external_id":
            return f"OURS-{number}"
        if group == "copy_needed":
            return not values.copy_needed
        return self._another_advertiser(values.advertiser_id, number)

    def _another_advertiser(self, current: int | None, number: int) -> int:
        def find() -> list[int]:
            return list(db.session.scalars(select(Advertiser.id).order_by(Advertiser.id)))

        others = [each for each in self._inside(find) if each != current]
        return others[number % len(others)]

    def open_form(self, campaign_id: int) -> Form:
        def read() -> Form:
            campaign = db.session.get_one(Campaign, campaign_id)
            return Form(campaign_id, campaign.version, values_of(campaign))

        form: Form = self._inside(read)
        return form

    def submit(self, form: Form, values: CampaignValues) -> str | None:
        def act() -> None:
            campaign = db.session.get_one(Campaign, form.campaign_id)
            before = snapshot(campaign)
            service.edit_campaign(ANA, campaign, values, form.version, form.key)
            self.journal.note(campaign, before, self._now())

        return self._try(act)

    def edit(self, campaign_id: int, groups: list[str]) -> str | None:
        form = self.open_form(campaign_id)
        return self.submit(form, self.new_values(groups, form))

    def book(self, external_id: str | None = None, key: UUID | None = None) -> str | None:
        number = next(self._numbers)
        advertiser_id = self._another_advertiser(None, number)
        values = CampaignValues(f"Ours {number}", advertiser_id, external_id, 1000 + number, "USD")
        return self.book_this(values, key or uuid4())

    def book_this(self, values: CampaignValues, key: UUID) -> str | None:
        def act() -> None:
            connection = db.session.scalars(select(Connection)).one()
            known = queries.change_by_key(key) is not None
            campaign = service.create_campaign(ANA, connection, values, key)
            if not known:
                self.journal.note(campaign, {}, self._now())
                self.journal.booked.add(campaign.id)

        return self._try(act)

    def archive(self, campaign_id: int) -> str | None:
        def act() -> None:
            service.archive_campaign(ANA, db.session.get_one(Campaign, campaign_id))
            self.journal.archived.add(campaign_id)

        return self._try(act)

    def open_conflicts(self) -> list[tuple[int, int]]:
        """Campaign and conflict of each that waits for a decision."""

        def find() -> list[tuple[int, int]]:
            query = select(Conflict.campaign_id, Conflict.id).where(Conflict.decided_at.is_(None))
            return [(row[0], row[1]) for row in db.session.execute(query.order_by(Conflict.id))]

        found: list[tuple[int, int]] = self._inside(find)
        return found

    def decide(self, campaign_id: int, conflict_id: int, decision: str) -> str | None:
        def act() -> None:
            campaign = db.session.get_one(Campaign, campaign_id)
            before = snapshot(campaign)
            decisions.decide_conflict(ANA, campaign, conflict_id, decision)
            self.journal.note(campaign, before, self._now())

        return self._try(act)

    def waiting(self) -> list[tuple[int, str]]:
        """Changes that were not sent yet, with their state."""

        def find() -> list[tuple[int, str]]:
            query = select(Change.id, Change.state).where(Change.state.in_(NOT_SENT))
            return [(row[0], row[1]) for row in db.session.execute(query.order_by(Change.id))]

        found: list[tuple[int, str]] = self._inside(find)
        return found

    def on_change(self, verb: str, change_id: int) -> str | None:
        """``hold``, ``release``, ``cancel`` or ``undo`` a change."""

        def act() -> None:
            change = db.session.get_one(Change, change_id)
            campaign = db.session.get_one(Campaign, change.campaign_id)
            before = snapshot(campaign)
            VERBS[verb](change)
            self.journal.note(campaign, before, self._now())
            if campaign.archived_at is not None:
                self.journal.archived.add(campaign.id)

        return self._try(act)

    def put_off(self, change_id: int, seconds: float | None) -> str | None:
        """Have a change sent in so many seconds, or at once."""

        def act() -> None:
            when = None if seconds is None else clock.utc_now() + timedelta(seconds=seconds)
            outgoing.send_at(ANA, db.session.get_one(Change, change_id), when)

        return self._try(act)

    def hold_all(self) -> str | None:
        return self._with_connection(lambda it: connections.hold_sending(ANA, it, "a look first"))

    def release_all(self) -> str | None:
        return self._with_connection(lambda it: connections.release_sending(ANA, it))

    def _with_connection(self, act: Callable[[Connection], object]) -> str | None:
        return self._try(lambda: act(db.session.scalars(select(Connection)).one()))

    def last_run(self) -> SyncRun:
        query = select(SyncRun).order_by(SyncRun.id.desc()).limit(1)
        run: SyncRun = self._inside(lambda: db.session.scalars(query).one())
        return run

    def on_run(self, verb: Callable[[SyncRun], object]) -> str | None:
        """Something done to the newest run: cancelled, resumed, its brake answered."""
        query = select(SyncRun).order_by(SyncRun.id.desc()).limit(1)
        return self._try(lambda: verb(db.session.scalars(query).one()))

    def link(self, campaign_id: int, remote_id: str) -> str | None:
        """This record, which was imported, is the booking in doubt."""

        def act() -> None:
            query = select(Campaign.uuid).where(Campaign.remote_id == remote_id)
            uuid = db.session.scalar(query)
            if uuid is None:
                raise NotFound("It was not read yet.")
            campaign = db.session.get_one(Campaign, campaign_id)
            before = snapshot(campaign)
            candidates.link(ANA, campaign, uuid)
            self.journal.note(campaign, before, self._now())

        return self._try(act)

    def book_again(self, campaign_id: int) -> str | None:
        """On the word of someone who looked and found nothing."""
        return self._try(lambda: service.book_again(ANA, db.session.get_one(Campaign, campaign_id)))

    def _try(self, act: Callable[[], object]) -> str | None:
        saved, booked, archived = (
            len(self.journal.saved),
            set(self.journal.booked),
            set(self.journal.archived),
        )

        def whole() -> None:
            with transaction():
                act()

        try:
            self._inside(whole)
        except DomainError as refusal:
            del self.journal.saved[saved:]
            self.journal.booked, self.journal.archived = booked, archived
            return str(refusal)
        return None
