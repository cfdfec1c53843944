"""What the worker does each minute: look what is the matter, write messages, send them."""

from datetime import timedelta

from sqlalchemy import delete

from webapp.core.db import db, reading, transaction
from webapp.notices import digest, finding, sending, service, telling
from webapp.notices.models import Message, Notice
from webapp.sync.jobs import Work

EVERY_SECONDS = 60
KEPT = timedelta(days=90)


def look(work: Work) -> None:
    """Two looks at one time wait for each other, and a message is written down once."""
    now = work.clock()
    with reading():
        found = finding.matters(work.settings, now)
        db.session.rollback()
    with transaction():
        looked = service.take_down(found, now)
        telling.queue(work.settings, looked, now)
    digest.queue(work.settings, now)
    sending.send_due(work.settings, work.clock, work.keep_going)


def forget_old(work: Work) -> None:
    """Delete what was over, or sent, long ago."""
    before = work.clock() - KEPT
    with transaction():
        db.session.execute(delete(Notice).where(Notice.closed_at < before))
        db.session.execute(delete(Message).where(Message.created_at < before))
