"""Bulk changes as JSON: the job, its rows, and what a plan comes to."""

from collections.abc import Iterable, Mapping
from typing import Any

from webapp.api.serialize import Json, moment
from webapp.auth import queries as operators
from webapp.bulk import queries, shown
from webapp.bulk.models import FAILED, LEFT_OUT, BulkItem, BulkJob
from webapp.bulk.warnings import MEANT
from webapp.core.clock import utc_now

# Groups of fields that have another name, or another form, in the API.
PLAIN = ("title", "external_id", "copy_needed", "notes", "archived", "booked")
NO_TITLE = ""


def job(found: BulkJob) -> Json:
    progress = shown.progress(found, utc_now())
    undone = queries.uuids_of([found.undoes_id]) if found.undoes_id else {}
    return {
        "id": str(found.uuid),
        "kind": found.kind,
        "state": found.state,
        "operation": _words(found),
        "selection": found.selection,
        "by": found.actor,
        "total": found.total,
        "done": found.done_count,
        "unchanged": found.unchanged_count,
        "failed": found.failed_count,
        "left_out": found.left_out_count,
        "message": found.message,
        "undoes": str(undone[found.undoes_id]) if found.undoes_id else None,
        "sending": {
            "changes": progress.to_send,
            "confirmed": progress.confirmed,
            "open": progress.open,
        },
        "created_at": moment(found.created_at),
        "started_at": moment(found.started_at),
        "finished_at": moment(found.finished_at),
    }


def preview(found: BulkJob) -> Json:
    """What a planned draft would do."""
    refused = found.left_out_count + found.failed_count
    return {
        "operation": _words(found) or "",
        "selection": found.selection,
        "total": found.total,
        "planned": found.total - found.unchanged_count - refused,
        "unchanged": found.unchanged_count,
        "refused": refused,
        "is_sent": shown.is_sent(found),
        "needs_confirmation": queries.planned_with(found, MEANT) != {},
        "totals": [
            {
                "currency": each.currency,
                "campaigns": each.campaigns,
                "before_cents": each.before,
                "after_cents": each.after,
            }
            for each in shown.totals(found)
        ],
        "warnings": [
            {"message": message, "rows": number} for message, number in shown.warnings(found)
        ],
        "reasons": [
            {"message": each.message, "rows": each.number}
            for each in queries.messages(found)
            if each.state in (FAILED, LEFT_OUT)
        ],
        "rows": rows(queries.items_page(found, "", 1).items),
    }


def rows(found: Iterable[Any]) -> list[Json]:
    """Rows of ``queries.items_page``."""
    listed = list(found)
    sides = [side for row in listed for side in (row.BulkItem.before, row.BulkItem.wanted) if side]
    owners = operators.emails_of(side.get("owner") for side in sides)
    return [_row(each, each.BulkItem, owners) for each in listed]


def _row(found: Any, item: BulkItem, owners: Mapping[int, str]) -> Json:
    wanted = item.wanted or {}
    return {
        "campaign_id": str(found.uuid) if found.uuid else None,
        "title": found.title or wanted.get("title") or NO_TITLE,
        "state": item.state.replace(" ", "_"),
        "message": item.message,
        "warnings": item.warnings or [],
        "before": _values(item.before or {}, owners),
        "after": _values(wanted, owners),
        "sync_state": found.sync_state,
    }


def _values(groups: Mapping[str, Any], owners: Mapping[int, str]) -> Json:
    values = {name: groups[name] for name in PLAIN if name in groups}
    if "advertiser" in groups:
        advertiser = groups["advertiser"]
        values["advertiser_id"] = None if advertiser is None else str(advertiser)
    if "owner" in groups:
        values["owner"] = owners.get(groups["owner"])
    if "budget" in groups:
        minor, currency = groups["budget"] or (None, None)
        values |= {"total_budget_cents": minor, "total_budget_currency": currency}
    return values


def _words(found: BulkJob) -> str | None:
    words: str | None = (found.operation or {}).get("words")
    return words
