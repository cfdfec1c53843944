"""Opening, seeing again and closing notices, and what an operator chooses to hear of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, update

from webapp.audit.service import Actor, FieldChange, Subject, record
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.notices import finding, kinds, queries
from webapp.notices.finding import Matter
from webapp.notices.models import Notice, NoticeChoice

# Two looks that are closer than this are one.
APART = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was open already and still is, and what a look closed."""

    open: Sequence[Notice]
    closed: Sequence[Notice]


def take_down(found: Sequence[Matter], now: datetime) -> Looked:
    """Have the notices say what is the matter now. Three statements, two when nothing opened.

    Who looks at the same time waits here for the other, and finds that it is done.
    """
    notices = queries.open_notices_and_look()
    look = next((each for each in notices if each.kind == kinds.LOOK), None)
    if look and abs(now - look.seen_at) < APART:
        return Looked((), ())
    known = {(each.kind, each.subject): each for each in notices if each is not look}
    matters = {(m.kind, m.subject): m for m in found}
    matters |= _gap(look, known, now)
    opened = [_opened(matters[key], now) for key in matters if key not in known]
    if look is None:
        opened.append(_opened(Matter(kinds.LOOK, "", "", ""), now))
    closed = _write(notices, matters, now)
    if opened:
        db.session.execute(insert(Notice), opened)
    return Looked([each for each in known.values() if each not in closed], closed)


def _gap(
    look: Notice | None, known: Mapping[tuple[str, str], Notice], now: datetime
) -> dict[tuple[str, str], Matter]:
    """That no worker was at work, while that is news."""
    shown = next((n for n in known.values() if n.kind == kinds.WORKER), None)
    gap = finding.gap(look.seen_at, now) if look else None
    if gap is None and shown and now - shown.opened_at < finding.GAP_SHOWN:
        gap = Matter(shown.kind, shown.subject, shown.words, shown.link)
    return {(gap.kind, gap.subject): gap} if gap else {}


def _opened(matter: Matter, now: datetime) -> dict[str, object]:
    return asdict(matter) | {"opened_at": now, "seen_at": now}


def _write(
    notices: Sequence[Notice], matters: Mapping[tuple[str, str], Matter], now: datetime
) -> list[Notice]:
    """Write what was seen again and what is over, all at once. Returns what is over."""
    rows, closed = [], []
    for notice in notices:
        matter = matters.get((notice.kind, notice.subject))
        is_over = matter is None and notice.kind != kinds.LOOK
        if is_over:
            closed.append(notice)
        rows.append(
            {
                "id": notice.id,
                "seen_at": notice.seen_at if is_over else now,
                "closed_at": now if is_over else None,
                "words": matter.words if matter else notice.words,
                "link": matter.link if matter else notice.link,
            }
        )
    if rows:
        db.session.execute(update(Notice), rows)
    return closed


def choose(actor: Actor, operator: Operator, wanted: Mapping[str, bool]) -> None:
    """Have an operator hear by e-mail of these kinds, and not of those that are false."""
    before = queries.choices_of(operator)
    changes = []
    for kind, is_wanted in wanted.items():
        if before[kind] == is_wanted:
            continue
        db.session.merge(NoticeChoice(operator_id=operator.id, kind=kind, by_mail=is_wanted))
        name = kinds.NAMES.get(kind, "Daily digest")
        changes.append(FieldChange(name, _words(before[kind]), _words(is_wanted)))
    if changes:
        subject = Subject("operator", operator.id, operator.email)
        record(actor, "chose notices", subject, changes)
    db.session.flush()


def _words(is_wanted: bool) -> str:
    return "by e-mail" if is_wanted else "not by e-mail"
