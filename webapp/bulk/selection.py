"""What was picked in the list of campaigns, frozen: rows, a page, or all that match."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import url_for
from sqlalchemy import select

from webapp.audit.service import Actor
from webapp.bulk import words
from webapp.bulk.models import EDIT, BulkJob
from webapp.bulk.queries import chunks
from webapp.bulk.service import MOST_ITEMS, Planned, draft
from webapp.campaigns import listing, terms_arguments
from webapp.campaigns import queries as campaigns
from webapp.campaigns.models import Campaign
from webapp.campaigns.terms import Asker
from webapp.core.db import db
from webapp.core.errors import InvalidInput
from webapp.core.query import QueryError

ROWS, PAGE, MATCHING = "rows", "page", "matching"
MAX_ARGUMENTS_LENGTH = 4_000
# Beside a list's arguments: the campaign whose row leads back to where someone was.
ROW = "row"


def read_arguments(text: str) -> dict[str, str]:
    """A list's arguments from the part of its address behind the question mark."""
    return dict(parse_qsl(text.lstrip("?")[:MAX_ARGUMENTS_LENGTH]))


def list_address(arguments: Mapping[str, Any] | None) -> str:
    """The list of campaigns as it was, at the row that was ticked first."""
    shown = dict(arguments or {})
    row = shown.pop(ROW, None)
    address = url_for("campaigns.index") + (f"?{urlencode(shown)}" if shown else "")
    return f"{address}#c-{row}" if row else address


def draft_of_rows(actor: Actor, scope: str, picked: Sequence[str], arguments: Any) -> BulkJob:
    """A draft of these campaigns, by the ids in their addresses. Raises ``InvalidInput``."""
    found = versions(picked)
    if scope == PAGE:
        said = f"The {words.counted(len(found))} of a page"
        return _draft(actor, found, said, arguments)
    said = f"{words.counted(len(found))}, picked one by one"
    first = {ROW: str(found[0].uuid)} if found else {}
    return _draft(actor, found, said, {**(arguments or {}), **first})


def draft_of_matching(actor: Actor, arguments: Mapping[str, str], asker: Asker) -> BulkJob:
    """A draft of all that the list finds. Raises ``InvalidInput`` when that is not clear."""
    args = {name: text for name, text in arguments.items() if name != "page"}
    params = listing.CAMPAIGNS.parse(args)
    if params.notes:
        # A filter that was left out would make the selection wider than what was asked for.
        raise InvalidInput({"list": " ".join(params.notes)})
    try:
        found = listing.matching(params, asker, MOST_ITEMS + 1)
        query = terms_arguments.asked(params.query, params.filters)
    except QueryError as error:
        raise InvalidInput({"list": error.message}) from error
    said = f"All {words.counted(len(found))} that match"
    said = f"{said} {query.text}" if query.terms else said.replace("that match", "of the list")
    return _draft(actor, found, said, arguments)


def _draft(actor: Actor, found: Sequence[Any], said: str, arguments: Any) -> BulkJob:
    items = [Planned(row.id, row.version) for row in found]
    return draft(actor, EDIT, items, selection=said, list_arguments=arguments)


def versions(picked: Sequence[str]) -> list[Any]:
    """Ids and versions in the order they were picked; what is no campaign is left out."""
    uuids = list(dict.fromkeys(filter(None, map(_uuid, picked))))
    found: dict[UUID, Any] = {}
    shown = campaigns.visible()
    for chunk in chunks(uuids[: MOST_ITEMS + 1]):
        query = select(Campaign.uuid, Campaign.id, Campaign.version).where(*shown)
        rows = db.session.execute(query.where(Campaign.uuid.in_(chunk)))
        found |= {row.uuid: row for row in rows}
    return [found[uuid] for uuid in uuids if uuid in found]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
