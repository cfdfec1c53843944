"""Who is told what, once: messages that say what opened, and later that it is over.

A message waits for five minutes after the first thing it tells of, so that one message tells of
all that opens then. Its key holds the moment at which that first thing opened, so that what was
told can be looked up by time, and nobody is told twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from webapp.core.config import Settings
from webapp.core.db import db
from webapp.notices import kinds, queries, wording
from webapp.notices.models import Message, Notice
from webapp.notices.queries import Listener
from webapp.notices.service import Looked

BATCH = timedelta(minutes=5)
# What nobody was told within this time is told to nobody any more; it stands in the pages.
NEWS = timedelta(hours=1)
MAIL, WEBHOOK = "mail", "webhook"
OPEN, OVER = "open", "over"

# By notice: whom it was told as open. An operator's id, or the webhook.
Told = Mapping[int, set[str]]


def queue(settings: Settings, looked: Looked, now: datetime) -> None:
    """Write down the messages that are due. Asks nothing where nothing is new."""
    news = [each for each in looked.open if each.opened_at > now - NEWS]
    if not news and not looked.closed:
        return
    told = _told([*news, *looked.closed])
    for who in _all(settings):
        fresh = [n for n in news if who.wants(n.kind) and _name(who) not in told[n.id]]
        if fresh and min(n.opened_at for n in fresh) <= now - BATCH:
            _add(settings, who, OPEN, fresh, min(n.opened_at for n in fresh), now)
        over = [n for n in looked.closed if _name(who) in told[n.id]]
        if over:
            _add(settings, who, OVER, over, now, now)


class _Webhook(Listener):
    def wants(self, kind: str) -> bool:
        return kind in kinds.NAMES


def _all(settings: Settings) -> list[Listener]:
    found = queries.listeners()
    return [*found, _Webhook(0, WEBHOOK, "")] if settings.webhook_url else found


def _name(who: Listener) -> str:
    return str(who.id) if who.id else WEBHOOK


def _told(notices: Sequence[Notice]) -> Told:
    found: dict[int, set[str]] = {each.id: set() for each in notices}
    for message in queries.messages_between(_ranges(notices)):
        who = message.key.rpartition("-")[2]
        for notice_id in json.loads(message.body)["notices"]:
            found.setdefault(_id_of(notice_id), set()).add(who)
    return found


def _id_of(told: int | Mapping[str, int]) -> int:
    return told if isinstance(told, int) else told["id"]


def _ranges(notices: Iterable[Notice]) -> list[tuple[str, str]]:
    """Where the keys are of messages that may tell of these, put together where they overlap."""
    second = timedelta(seconds=1)
    found: list[tuple[datetime, datetime]] = []
    for at in sorted(each.opened_at for each in notices):
        low, high = at - NEWS, at + second
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return [(_key(OPEN, low), _key(OPEN, high)) for low, high in found]


def _key(event: str, at: datetime) -> str:
    return f"{event}-{at:%Y%m%d%H%M%S}"


def _add(
    settings: Settings,
    who: Listener,
    event: str,
    notices: Sequence[Notice],
    at: datetime,
    now: datetime,
) -> None:
    # With a notice's id: of two messages that begin with the same moment, none has the same.
    key = f"{_key(event, at)}-{min(each.id for each in notices)}-{_name(who)}"
    is_webhook = isinstance(who, _Webhook)
    payload = (
        wording.payload(settings, event, notices, key)
        if is_webhook
        else wording.mail(settings, event, notices)
    )
    db.session.add(
        Message(
            key=key,
            channel=WEBHOOK if is_webhook else MAIL,
            recipient=who.email,
            subject=wording.subject(event, notices),
            body=json.dumps(payload),
            created_at=now,
            due_at=now,
            attempts=0,
        )
    )
