"""The list's rows: a template's loop over them would be most of a page's time.

They are text that is markup already, so every text from elsewhere is escaped where it is put in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from markupsafe import escape

from webapp.campaigns.columns import Column
from webapp.campaigns.models import CONFLICT, GONE, PARKED
from webapp.core.money import format_amount
from webapp.core.rows import Row
from webapp.web.filters import Reader, absolute, duration, reader, relative

CANCELLED, PARKED_AWAY = "cancelled", "parked away"

_ARCHIVED = ' class="is-archived"'
# Markup by sync state, and for the two above.
Pills = Mapping[str, str]
Cell = Callable[[Row, Pills, Reader], str]

NO_MONEY = (
    '<td class="num"><span class="money"><span aria-hidden="true">–</span>'
    '<span class="visually-hidden">none</span><span class="cur"></span></span></td>'
)


def rows_of(
    rows: Iterable[Row],
    columns: Sequence[Column],
    pills: Pills,
    href: tuple[str, str],
    may_edit: bool,
) -> str:
    """All rows as one piece of markup. ``href`` is what stands around an id in a row's address."""
    chosen = [CELLS[column.name] for column in columns]
    before, after = escape(href[0]), escape(href[1])
    made, who = [], reader()
    for row in rows:
        uuid, title = str(row.uuid), escape(row.title)
        made.append(
            f'<tr id="c-{uuid}"{_ARCHIVED if row.archived_at else ""}>'
            f"{_box(uuid, title) if may_edit else ''}"
            f'<th scope="row"><a href="{before}{uuid}{after}">'
            f'<span class="title" title="{title}">{title}</span></a></th>'
            f"{''.join([cell(row, pills, who) for cell in chosen])}</tr>"
        )
    return "\n  ".join(made)


def ids_of(rows: Iterable[Row]) -> str:
    return " ".join([str(row.uuid) for row in rows])


def states_of(rows: Iterable[Row]) -> set[str]:
    return {row.sync_state for row in rows}


def _box(uuid: str, title: str) -> str:
    return (
        f'<td class="pick"><label><input type="checkbox" name="pick" value="{uuid}" '
        f'aria-label="Select {title}" autocomplete="off"></label></td>'
    )


def _advertiser(row: Row, _pills: Pills, _of: Reader) -> str:
    name, agency = row.advertiser_name, row.agency_name
    beside = f" {_sub(agency)}" if agency and agency != name else ""
    return f"<td>{escape(name or '–')}{beside}</td>"


def _sync(row: Row, pills: Pills, _of: Reader) -> str:
    state = row.sync_state
    if state == CONFLICT and row.sync_detail:
        return f"<td>{pills[state]} {_sub('in ' + row.sync_detail)}</td>"
    if state == PARKED and row.archived_at:
        return f"<td>{pills[PARKED_AWAY]}</td>"
    return f"<td>{pills[CANCELLED if state == GONE and not row.remote_id else state]}</td>"


def _changed(row: Row, _pills: Pills, of: Reader) -> str:
    return _time(row.changed_at, of, f" {_sub('· archived')}" if row.archived_at else "")


def _time_in(name: str) -> Cell:
    return lambda row, _pills, of: _time(getattr(row, name), of)


def _time(moment: datetime | None, of: Reader, more: str = "") -> str:
    if moment is None:
        return f"<td>{_sub('–')}{more}</td>"
    about = f'datetime="{moment.isoformat()}" title="{absolute(moment, of)}"'
    return f"<td><time {about}>{relative(moment, of)}</time>{more}</td>"


def _money(minor: int | None, currency: str | None) -> str:
    if minor is None:
        return NO_MONEY
    amount = format_amount(minor, currency or "USD")
    whole = "" if "." in amount else " whole"
    return (
        f'<td class="num"><span class="money{whole}"><span class="amount">{amount}</span> '
        f'<span class="cur">{escape(currency or "")}</span></span></td>'
    )


def _quiet(name: str) -> Cell:
    return lambda row, _pills, _of: f'<td class="sub">{escape(getattr(row, name) or "–")}</td>'


def _sub(words: str) -> str:
    return f'<span class="sub">{escape(words)}</span>'


CELLS: Mapping[str, Cell] = {
    "advertiser": _advertiser,
    "external_id": _quiet("external_id"),
    "budget": lambda row, _pills, _of: _money(row.total_budget_minor, row.total_budget_currency),
    "sync": _sync,
    "changed": _changed,
    "owner": _quiet("owner_email"),
    "copy": lambda row, _pills, _of: f"<td>{'needed' if row.copy_needed else '–'}</td>",
    "revenue": lambda row, _pills, _of: _money(row.total_revenue_minor, row.total_revenue_currency),
    "duration": lambda row, _pills, _of: f'<td class="num">{duration(row.duration_seconds)}</td>',
    "source": _quiet("booking_source"),
    "created": _time_in("remote_created_at"),
    "updated": _time_in("remote_updated_at"),
    "synced": _time_in("synced_at"),
    "archived": _time_in("archived_at"),
}
