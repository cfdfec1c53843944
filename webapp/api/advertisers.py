"""Advertisers and agencies for scripts, as Flightdeck read them last."""

from collections.abc import Mapping
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from webapp.advertisers import directory
from webapp.api.ids import number_of
from webapp.api.links import HEADERS, bare_page
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import advertisers as schemas
from webapp.api.serialize import Json, moment
from webapp.auth.permissions import Scope
from webapp.connections import queries as connections


@operation(
    "GET",
    "/advertisers",
    Declaration(
        Scope.READ,
        "Advertisers",
        "List advertisers",
        {200: list[schemas.Advertiser]},
        query=schemas.AdvertiserListQuery,
        answer_headers=HEADERS,
    ),
)
def list_advertisers(query: schemas.AdvertiserListQuery) -> ResponseReturnValue:
    """All advertisers by name, as an array.

    With `page` or `per_page` it is one page of them: `Link` then says where the next is, and
    `X-Total-Count` how many there are. Names are not unique; look at the agency, and keep the id.
    """
    page, per_page = query.asked()
    agency_id = int(query.agency_id) if query.agency_id else None
    part = directory.advertiser_rows(query.search or "", agency_id, page, per_page)
    organizations = connections.organizations()
    rows = [_advertiser(row, organizations) for row in part.rows]
    return bare_page(rows, page, per_page, part.total)


@operation(
    "GET",
    "/advertisers/<advertiser_id>",
    Declaration(
        Scope.READ,
        "Advertisers",
        "One advertiser",
        {200: schemas.Advertiser},
        errors=frozenset({"not_found"}),
    ),
)
def get_advertiser(advertiser_id: str) -> ResponseReturnValue:
    """The advertiser, with its agency."""
    row = directory.advertiser_row(number_of(advertiser_id, "advertiser"))
    return jsonify(_advertiser(row, connections.organizations()))


@operation(
    "GET",
    "/agencies",
    Declaration(
        Scope.READ,
        "Advertisers",
        "List agencies",
        {200: list[schemas.FullAgency]},
        query=schemas.BarePageQuery,
        answer_headers=HEADERS,
    ),
)
def list_agencies(query: schemas.BarePageQuery) -> ResponseReturnValue:
    """All agencies by name, as an array; paged like the advertisers."""
    page, per_page = query.asked()
    part = directory.agency_rows(page, per_page)
    organizations = connections.organizations()
    rows = [_agency(row) | _common(row, organizations) for row in part.rows]
    return bare_page(rows, page, per_page, part.total)


def _advertiser(row: Row[Any], organizations: Mapping[int, str]) -> Json:
    agency = {
        "id": str(row.agency_id),
        "megaphone_id": row.agency_remote_id,
        "name": row.agency_name,
    }
    return {
        "id": str(row.id),
        "megaphone_id": row.remote_id,
        "name": row.name,
        "agency": agency if row.agency_id is not None else None,
        "competitive_categories": row.competitive_categories,
        **_common(row, organizations),
    }


def _agency(row: Row[Any]) -> Json:
    return {
        "id": str(row.id),
        "megaphone_id": row.remote_id,
        "name": row.name,
        "external_id": row.external_id,
    }


def _common(row: Row[Any], organizations: Mapping[int, str]) -> Json:
    return {
        "organization_id": organizations[row.connection_id],
        "created_at": moment(row.remote_created_at),
        "updated_at": moment(row.remote_updated_at),
        "synced_at": moment(row.synced_at),
    }
