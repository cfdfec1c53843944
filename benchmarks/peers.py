"""Two plain applications to measure against, each served as Flightdeck is.

``floor`` renders 50 rows that it has in memory: no list over HTTP with this framework is quicker.
``naive`` is the list as it is first written: ``ilike``, ``count()`` and ``offset`` on our tables.
"""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask, render_template_string, request
from sqlalchemy import Select, create_engine, func, or_, select
from sqlalchemy.orm import Session, joinedload

from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import Campaign
from webapp.core.config import load_settings

ROWS = 50
SHOWN = """<!doctype html>
<html lang="en"><head><title>Campaigns</title></head><body><h1>Campaigns</h1>
<p>{{ total }} campaigns</p>
<table><thead><tr><th>Campaign</th><th>Advertiser</th><th>External ID</th><th>Budget</th>
<th>Sync</th><th>Changed</th></tr></thead><tbody>
{% for row in rows %}<tr>
<th><a href="{{ url_for('campaigns', id=row.id) }}">{{ row.title }}</a></th>
<td>{{ row.advertiser.name }}</td><td>{{ row.external_id }}</td>
<td>{{ row.total_budget_currency }} {{ row.total_budget_minor }}</td>
<td>{{ row.sync_state }}</td><td>{{ row.changed_at.strftime("%Y-%m-%d %H:%M") }}</td></tr>
{% endfor %}</tbody></table></body></html>"""


def floor() -> Flask:
    app = Flask("floor")
    rows = [_row(n) for n in range(ROWS)]

    @app.get("/health")
    def healthy() -> str:
        return "ok"

    @app.get("/campaigns")
    def campaigns() -> str:
        return render_template_string(SHOWN, rows=rows, total=ROWS)

    return app


def _row(n: int) -> SimpleNamespace:
    return SimpleNamespace(
        id=n,
        title=f"Autumn Insurance {n} podcast",
        advertiser=SimpleNamespace(name=f"Advertiser {n}"),
        external_id=f"IO-{n}",
        total_budget_currency="USD",
        total_budget_minor=n * 1_000_000,
        sync_state="confirmed",
        changed_at=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=n),
    )


def naive() -> Flask:
    app = Flask("naive")
    engine = create_engine(load_settings(log_level="ERROR").sqlalchemy_url)

    @app.get("/health")
    def healthy() -> str:
        return "ok"

    @app.get("/campaigns")
    def campaigns() -> str:
        with Session(engine) as session:
            query = _narrowed(select(Campaign).where(Campaign.archived_at.is_(None)))
            total = session.scalar(select(func.count()).select_from(query.subquery()))
            page = request.args.get("page", 1, type=int)
            rows = query.options(joinedload(Campaign.advertiser)).order_by(*_order())
            found = session.scalars(rows.offset((page - 1) * ROWS).limit(ROWS)).all()
            return render_template_string(SHOWN, rows=found, total=total)

    return app


def _narrowed(query: Select[Any]) -> Select[Any]:
    for name in ("advertiser_id", "copy_needed", "total_budget_currency", "sync_state"):
        if name in request.args:
            column, text = getattr(Campaign, name), request.args[name]
            # PostgreSQL takes no number for a truth.
            value = column.type.python_type(int(text)) if text.isdigit() else text
            query = query.where(column == value)
    word = f"%{request.args['q']}%" if "q" in request.args else None
    if word:
        query = query.outerjoin(Campaign.advertiser).where(
            or_(
                Campaign.title.ilike(word),
                Campaign.external_id.ilike(word),
                Advertiser.name.ilike(word),
            )
        )
    return query


def _order() -> list[Any]:
    column = getattr(Campaign, request.args.get("sort", "changed_at"))
    return [column if "sort" in request.args else column.desc(), Campaign.id]
